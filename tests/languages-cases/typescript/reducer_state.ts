type State = Readonly<{ items: ReadonlyArray<Readonly<{ sku: string; qty: number; cents: number }>>; coupon?: string; step: "cart" | "pay" | "done" }>;
type Action =
  | { type: "add"; sku: string; cents: number; qty?: number }
  | { type: "remove"; sku: string }
  | { type: "coupon"; code: string }
  | { type: "next" };
type Reducer<S, A extends { type: string }> = (state: S, action: A) => S;
type Handlers = { [A in Action as A["type"]]: (state: State, action: A) => State };
const STEPS = ["cart", "pay", "done"] as const;
const handlers: Handlers = {
  add: (state, { sku, cents, qty = 1 }) => {
    const found = state.items.find((item) => item.sku === sku);
    return { ...state, items: found ? state.items.map((item) => (item === found ? { ...item, qty: item.qty + qty } : item)) : [...state.items, { sku, cents, qty }] };
  },
  remove: (state, { sku }) => ({ ...state, items: state.items.filter((item) => item.sku !== sku) }),
  coupon: (state, { code }) => ({ ...state, coupon: code.toUpperCase() }),
  next: (state) => ({ ...state, step: STEPS[Math.min(STEPS.indexOf(state.step) + 1, STEPS.length - 1)]! }),
};
const reducer: Reducer<State, Action> = (state, action) => (handlers[action.type] as (state: State, action: Action) => State)(state, action);
const initial: State = Object.freeze<State>({ items: [], step: "cart" });
const actions: Action[] = [{ type: "add", sku: "A", cents: 1000 }, { type: "add", sku: "B", cents: 250, qty: 4 }, { type: "add", sku: "A", cents: 1000, qty: 2 }, { type: "remove", sku: "Z" }, { type: "coupon", code: "save10" }, { type: "next" }];
const states = actions.reduce<State[]>((all, action) => [...all, reducer(all[all.length - 1]!, action)], [initial]);
const last = states.at(-1)!;
const total = (state: State): number => state.items.reduce((sum, { qty, cents }) => sum + qty * cents, 0) * (state.coupon === "SAVE10" ? 0.9 : 1);
console.log(states.map(total));
console.log(last, initial.items.length, states[0] === initial);
try { (initial as { step: string }).step = "done"; } catch (error) { console.log((error as TypeError).name); }
({ total: total(last), step: last.step });
