import { EventEmitter, once } from "node:events";
import type { Readable } from "node:stream";
import { type InspectOptions, inspect } from "node:util";

type Events = { "order:placed": [id: number, total: number]; "order:paid": [id: number]; failed: [error: Error] };
type Handler<K extends keyof Events> = (...args: Events[K]) => void | Promise<void>;

class Bus {
  private readonly emitter = new EventEmitter();
  private history: { [K in keyof Events]?: Events[K][] } = {};
  on<K extends keyof Events>(event: K, handler: Handler<K>): () => void {
    this.emitter.on(event as string, handler as (...args: unknown[]) => void);
    return () => { this.emitter.off(event as string, handler as (...args: unknown[]) => void); };
  }
  emit<const K extends keyof Events>(event: K, ...args: Events[K]): boolean {
    (this.history[event] as Events[K][] | undefined)?.push(args) ?? ((this.history as Record<K, Events[K][]>)[event] = [args]);
    return this.emitter.emit(event as string, ...args);
  }
  async next<K extends keyof Events>(event: K): Promise<Events[K]> { return (await once(this.emitter, event as string)) as Events[K]; }
  get log(): Readonly<typeof this.history> { return this.history; }
}
const bus = new Bus();
const options: InspectOptions = { breakLength: Infinity };
const seen: Array<[id: number, total?: number]> = [];
const off = bus.on("order:placed", (id, total) => { seen.push([id, total]); });
const paid = bus.next("order:paid");
bus.emit("order:placed", 1, 99.5);
off();
bus.emit("order:placed", 2, 1);
bus.emit("order:paid", 1);
const [id] = await paid;
const input: Readable | null = null;
console.log(id, seen, inspect(bus.log, options), input);
