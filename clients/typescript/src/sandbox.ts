import type { Amounts, CodeEvent, CodeRun, Json, RemovedSession, Session, SessionCell } from "./documents.js";
import { Unreachable } from "./errors.js";
import { once, type Options, path, post, type Request } from "./request.js";
import { checkTime, end, read, type Transport } from "./transport.js";

/** What code is given. */
export interface CodeOptions extends Options {
  /** The value of the variable `input`. */
  input?: Json;
  /** The tools that it may call. */
  tools?: string[];
  budget?: Amounts;
  session?: string;
  /** The files in its private directory, by name. */
  files?: Record<string, Uint8Array | string>;
  /** The same code under the same key runs once. Without one, the client makes one. */
  key?: string;
  timeoutMs?: number;
}

/** Code, each piece in a fresh sandbox and as a run of its own. */
export class Sandbox {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Runs code, and returns its run once that stands still: the value is `output`.
   *
   * Code that asks a person stands still with the status `waiting`; after the decision, the same call under the same key
   * returns how it ended.
   */
  async run(language: string, code: string, options: CodeOptions = {}): Promise<CodeRun> {
    const { timeoutMs, signal } = options;
    const untilMs = end(timeoutMs);
    const request = exec(language, code, options);
    // 202: it takes longer than an answer may. Under its key it is asked about again, and not begun again.
    for (let asked = 1; ; asked += 1) {
      const answer = await this.#transport.send(request);
      const document = read(answer);
      if (answer.status !== 202) return document;
      checkTime(path("runs", document.run_id), untilMs);
      await this.#transport.pause(asked, undefined, signal);
    }
  }

  /**
   * Runs code and follows it: `run` with its run, `output` with lines as it writes them, and `end` with what `run` returns.
   *
   * A stream that ends before the code throws `Unreachable`. The code goes on: `run` with the same key returns how it ended.
   */
  async *stream(language: string, code: string, options: Omit<CodeOptions, "timeoutMs"> = {}): AsyncGenerator<CodeEvent> {
    let last = "";
    for await (const events of this.#transport.stream(exec(language, code, options))) {
      for (const { name, data } of events) {
        last = name;
        yield { event: name, data: JSON.parse(data) } as CodeEvent;
      }
    }
    if (last !== "end") {
      throw new Unreachable("the stream has ended before the code, which goes on; run it again under its key to read how it ends");
    }
  }

  /** Lists the sessions of code, page after page. */
  sessions(options: Options = {}): AsyncGenerator<Session> {
    return this.#transport.pages("/v1/sessions", [], options);
  }

  /** Lists the pieces of code of a session, page after page. */
  session(name: string, options: Options = {}): AsyncGenerator<SessionCell> {
    return this.#transport.pages(path("sessions", name), [], options);
  }

  /** Begins a session with the variables of another one; from then on neither sees what the other does. */
  forkSession(name: string, to: string, options?: Options): Promise<Session> {
    return this.#transport.ask(post(path("sessions", name, "fork"), { to }, options));
  }

  /** Removes a session, and the runs that only ran its code and that no other session needs. */
  removeSession(name: string, { signal }: Options = {}): Promise<RemovedSession> {
    return this.#transport.ask({ method: "DELETE", path: path("sessions", name), signal });
  }
}

function exec(language: string, code: string, options: CodeOptions): Request {
  const { input = null, tools = [], budget, session, files } = options;
  const held = files && Object.entries(files).map(([name, content]) => [name, base64(content)]);
  const body = { language, code, input, tools, budget, session, files: held && Object.fromEntries(held) };
  return once("/v1/exec", body, options);
}

function base64(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
