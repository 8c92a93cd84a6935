/** A client of a Stockade server: runs, live events, approvals, and sandboxed code. */

import { Approvals } from "./approvals.js";
import type { Graph, SharedBudget } from "./documents.js";
import { LongTerm } from "./memory.js";
import { get, type Options, path } from "./request.js";
import { Runs } from "./runs.js";
import { Sandbox } from "./sandbox.js";
import { Tools } from "./tools.js";
import { RETRY, type Retry, Transport } from "./transport.js";

export type { Decided, QuestionFilter, Said, Seen } from "./approvals.js";
export type * from "./documents.js";
export { Problem, StockadeError, TimedOut, Unreachable } from "./errors.js";
export type { Forgotten, Keep, MemoryFilter } from "./memory.js";
export type { Options } from "./request.js";
export type { Filter, Followed, Fork, Order, Start, Wait } from "./runs.js";
export type { CodeOptions } from "./sandbox.js";
export type { Retry } from "./transport.js";
export type { Approvals, LongTerm, Runs, Sandbox, Tools };

/** Where a server is that was started without further words. */
const URL_OF_SERVE = "http://127.0.0.1:7700";

/** How a client reaches its server. */
export interface Settings {
  /** By default that of the variable `STOCKADE_URL`, or this machine's server. A page says its own origin. */
  url?: string;
  /** By default that of the variable `STOCKADE_TOKEN`, or none. */
  token?: string;
  retry?: Partial<Retry>;
  fetch?: typeof globalThis.fetch;
}

/** A client of a Stockade server. */
export class Stockade {
  readonly runs: Runs;
  readonly approvals: Approvals;
  readonly sandbox: Sandbox;
  readonly tools: Tools;
  readonly memory: LongTerm;
  readonly #transport: Transport;

  constructor({ url, token, retry, fetch }: Settings = {}) {
    const place = (url ?? variable("STOCKADE_URL") ?? URL_OF_SERVE).replace(/\/+$/, "");
    const own = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#transport = new Transport(place, token ?? variable("STOCKADE_TOKEN"), { ...RETRY, ...retry }, own);
    this.runs = new Runs(this.#transport);
    this.approvals = new Approvals(this.#transport);
    this.sandbox = new Sandbox(this.#transport);
    this.tools = new Tools(this.#transport);
    this.memory = new LongTerm(this.#transport);
  }

  /** Lists the names of the workflows. */
  workflows(options?: Options): Promise<string[]> {
    return this.#transport.ask(get("/v1/workflows", options));
  }

  /** Returns the states of a workflow. */
  workflow(name: string, options?: Options): Promise<Graph> {
    return this.#transport.ask(get(path("workflows", name), options));
  }

  /** Lists how the budgets stand that runs share, page after page. */
  budgets(options: Options = {}): AsyncGenerator<SharedBudget> {
    return this.#transport.pages("/v1/budgets", [], options);
  }

  /** Checks that the server can work; throws a `Problem` where it cannot, and `Unreachable` where it is not there. */
  async checkReady(options?: Options): Promise<void> {
    await this.#transport.send(get("/readyz", options));
  }
}

/** A variable of the environment, where there is one: not in a browser. */
function variable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
