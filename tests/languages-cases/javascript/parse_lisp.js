const tokenize = (source) => source.match(/;.*|"(?:\\.|[^"])*"|[()']|[^\s()'"]+/g)?.filter((token) => !token.startsWith(";")) ?? [];
const read = (tokens) => {
  const token = tokens.shift();
  switch (token) {
    case undefined: throw new SyntaxError("unexpected end");
    case ")": throw new SyntaxError("unexpected )");
    case "'": return [Symbol.for("quote"), read(tokens)];
    case "(": {
      const list = [];
      while (tokens[0] !== ")") list.push(read(tokens));
      tokens.shift();
      return list;
    }
    default: return token[0] === '"' ? JSON.parse(token) : Number.isNaN(+token) ? Symbol.for(token) : +token;
  }
};
const fold = (action) => (...values) => values.reduce(action);
const globals = { "+": fold((a, b) => a + b), "-": (a, ...rest) => (rest.length ? rest.reduce((x, y) => x - y, a) : -a), "*": fold((a, b) => a * b), "/": fold((a, b) => a / b), "<": (a, b) => a < b, "=": Object.is, list: Array.of, car: ([head]) => head, cdr: ([, ...tail]) => tail, cons: (a, b) => [a, ...b], "null?": ({ length }) => length === 0, print: (...values) => console.log(...values), map: (f, list) => list.map((one) => f(one)) };
const root = Object.assign(Object.create(null), globals);
const special = {
  quote: (env, value) => value,
  if: (env, test, yes, no) => evaluate(evaluate(test, env) !== false ? yes : no, env),
  define: (env, name, ...body) => { if (Array.isArray(name)) { const [own, ...params] = name; env[Symbol.keyFor(own)] = special.lambda(env, params, ...body); } else env[Symbol.keyFor(name)] = evaluate(body[0], env); },
  lambda: (env, params, ...body) => (...values) => { const inner = Object.create(env); params.forEach((param, i) => { inner[Symbol.keyFor(param)] = values[i]; }); return body.map((one) => evaluate(one, inner)).at(-1); },
  let: (env, pairs, ...body) => special.lambda(env, pairs.map(([name]) => name), ...body)(...pairs.map(([, value]) => evaluate(value, env))),
};
function evaluate(code, env = root) {
  if (typeof code === "symbol") { const name = Symbol.keyFor(code); if (!(name in env)) throw new ReferenceError(`unbound ${name}`); return env[name]; }
  if (!Array.isArray(code)) return code;
  const [head, ...rest] = code, name = typeof head === "symbol" && Symbol.keyFor(head);
  if (Object.hasOwn(special, name)) return special[name](env, ...rest);
  const action = evaluate(head, env);
  if (typeof action !== "function") throw new TypeError(`not a function: ${String(action)}`);
  return action(...rest.map((one) => evaluate(one, env)));
}
const run = (source) => { const tokens = tokenize(source); let last; while (tokens.length) last = evaluate(read(tokens)); return last; };
const out = run(`
  (define (fact n) (if (< n 2) 1 (* n (fact (- n 1))))) ; recursion
  (define (compose f g) (lambda (x) (f (g x))))
  (define sum (lambda (l) (if (null? l) 0 (+ (car l) (sum (cdr l))))))
  (print (fact 20) "a (string)" '(1 (2 three)))
  (print (let ((x 3) (y 4)) (sum (map (compose (lambda (n) (* n n)) -) (list x y)))))
  (map fact '(1 5 10))`);
const failures = ["(", ")", "(foo)", "(1 2)", "(fact"].map((source) => { try { return run(source); } catch (error) { return `${error.name}: ${error.message}`; } });
console.log(out, failures);
return out;
