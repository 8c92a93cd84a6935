import type { Arguments, Tool, ToolAnswer } from "./documents.js";
import { get, newKey, type Options, path } from "./request.js";
import type { Transport } from "./transport.js";

/** The tools of the host. */
export class Tools {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Lists the tools, with their functions, schemas and grants. */
  list(options?: Options): Promise<Tool[]> {
    return this.#transport.ask(get("/v1/tools", options));
  }

  /** Returns all about a tool. */
  get(name: string, options?: Options): Promise<Tool> {
    return this.#transport.ask(get(path("tools", name), options));
  }

  /** Registers a component as a tool that is granted nothing. The same component may come again under its name. */
  upload(name: string, component: Uint8Array, { signal }: Options = {}): Promise<Tool> {
    return this.#transport.ask({ method: "PUT", path: path("tools", name), component, repeatable: true, signal });
  }

  /** Calls a function once, outside of any run. It is not called again by itself: not every tool knows a key again. */
  call(name: string, func: string, args: Arguments, options: Options & { key?: string } = {}): Promise<ToolAnswer> {
    const { key = newKey(), signal } = options;
    return this.#transport.ask({ method: "POST", path: path("tools", name, func), body: args, key, signal });
  }
}
