import type { Label, Memory, Namespace, Remembered } from "./documents.js";
import { get, type Options, query } from "./request.js";
import type { Transport } from "./transport.js";

/** Which memories are listed. A namespace is written `TENANT/USER/AGENT`; the last names may be left out. */
export interface MemoryFilter extends Options {
  namespace?: string;
  source?: string;
  /** The most memories of a page. */
  page?: number;
}

/** How a text is kept. */
export interface Keep extends Options {
  namespace?: Namespace;
  labels?: Label[];
  keepMs?: number;
}

/** What is forgotten, said in one way, of one namespace or of all. */
export type Forgotten = { namespace?: string } & ({ ids: number[] } | { source: string } | { runId: string } | { all: true });

/** What agents remember beyond a run. */
export class LongTerm {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Lists memories, the oldest first, page after page. */
  list(filter: MemoryFilter = {}): AsyncGenerator<Memory> {
    return this.#transport.pages("/v1/memory", query(filter), filter);
  }

  /** Finds the memories of a namespace that fit a text best, the best first. */
  search(text: string, { signal, ...where }: Options & { namespace?: string; limit?: number } = {}): Promise<Memory[]> {
    return this.#transport.ask(get("/v1/memory/search", { signal }, query({ text, ...where })));
  }

  /** Keeps a text in pieces, in place of what there was of its source. */
  keep(source: string, text: string, { signal, keepMs: keep_ms, ...more }: Keep = {}): Promise<Remembered> {
    const body = { source, text, keep_ms, ...more };
    return this.#transport.ask({ method: "PUT", path: "/v1/memory", body, repeatable: true, signal });
  }

  /** Forgets memories; returns how many it were. */
  async forget({ namespace, ...what }: Forgotten, { signal }: Options = {}): Promise<number> {
    const [[name, value] = ["", ""]] = Object.entries(what);
    const written = { ids: "id", runId: "run" }[name] ?? name;
    const parameters = query({ namespace, [written]: value });
    return (await this.#transport.ask({ method: "DELETE", path: "/v1/memory", query: parameters, signal })).forgotten;
  }
}
