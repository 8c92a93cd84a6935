import { Problem, StockadeError, TimedOut, Unreachable, problem } from "./errors.js";
import type { Json } from "./documents.js";
import { get, mayComeAgain, nextPage, type Options, type Query, type Request } from "./request.js";
import { type Event, Parser } from "./sse.js";

/** How long one answer may take: the server answers within 30 seconds. */
const ANSWER_MS = 40_000;

/** How long a stream may be silent: the server says every 15 seconds that it lives. */
const SILENCE_MS = 45_000;

/** How often a request is made before its error is thrown, and how long the pauses are. They grow, at random. */
export interface Retry {
  attempts: number;
  /** A stream is more patient: a server that is started anew takes a while. These are attempts in a row without an event. */
  streamAttempts: number;
  firstMs: number;
  longestMs: number;
}

export const RETRY: Retry = { attempts: 5, streamAttempts: 12, firstMs: 250, longestMs: 5_000 };

/** An answer that has come whole. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Reads the document of an answer. One without is not the server's own. */
export function read({ status, text }: Answer): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(status, { kind: "http", detail: `the server answered ${status}, and not with JSON` });
  }
}

/** Until when a stream is followed. */
export interface Until extends Options {
  untilMs?: number | undefined;
}

/** Makes requests, again where they may come again. */
export class Transport {
  constructor(
    readonly url: string,
    readonly token: string | undefined,
    readonly retry: Retry,
    readonly fetch: typeof globalThis.fetch,
  ) {}

  async send(request: Request): Promise<Answer> {
    for (let failed = 1; ; failed += 1) {
      try {
        return await this.#send(request);
      } catch (error) {
        const isOver = failed >= this.retry.attempts || !(error instanceof StockadeError) || !mayComeAgain(request, error);
        if (isOver) throw error;
        await this.pause(failed, error, request.signal);
      }
    }
  }

  async ask(request: Request): Promise<Json> {
    return read(await this.send(request));
  }

  async #send(request: Request): Promise<Answer> {
    const { path, query = [], signal } = request;
    const signals = [AbortSignal.timeout(ANSWER_MS), ...(signal ? [signal] : [])];
    const init = this.#init(request, AbortSignal.any(signals));
    const answer = async () => {
      const response = await this.fetch(this.#place(path, query), init);
      return { status: response.status, ok: response.ok, headers: response.headers, text: await response.text() };
    };
    const { ok, ...whole } = await this.#reached(path, answer(), signal);
    if (!ok) throw problem(whole.status, whole.headers, whole.text);
    return whole;
  }

  #init({ method, body, component, key }: Request, signal: AbortSignal, more: Record<string, string> = {}): RequestInit {
    const headers = { ...this.#headers(), ...(key ? { "Idempotency-Key": key } : {}), ...more };
    if (component) {
      // A copy of the bytes alone: the array may be a part of a larger one.
      const bytes = new Blob([component.slice()]);
      return { method, headers: { ...headers, "Content-Type": "application/wasm" }, body: bytes, signal };
    }
    if (body === undefined) return { method, headers, signal };
    return { method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
  }

  /** Yields what pages list, one after the other. */
  async *pages(path: string, query: Query, options: Options): AsyncGenerator<Json> {
    for (let more: Query | undefined = query; more; ) {
      const answer: Answer = await this.send(get(path, options, more));
      yield* read(answer);
      // A page may have nothing, and there may be more behind it.
      more = nextPage(answer.headers.get("link"));
    }
  }

  /**
   * Yields the events of a stream, those that come together at once; none with a sign of life.
   *
   * A stream that breaks off goes on behind its last event. It ends when the server says that there is no more.
   */
  async *follow(path: string, query: Query, last: string | undefined, until: Until): AsyncGenerator<Event[]> {
    for (let failed = 1; ; failed += 1) {
      let error: StockadeError | undefined;
      const silence = new Silence(until.untilMs);
      try {
        const response = await this.#open(path, query, last, until, silence);
        if (response.status === 204) return;
        const parser = new Parser();
        for await (const chunk of this.#chunks(path, response, until)) {
          silence.hold();
          const events = parser.feed(chunk);
          const known = events.filter((event) => event.name !== "problem");
          for (const event of known) [failed, last] = [0, event.id || last];
          yield known;
          checkEnd(events);
          silence.begin();
        }
      } catch (thrown) {
        if (!(thrown instanceof Unreachable || (thrown instanceof Problem && thrown.passes))) throw thrown;
        error = thrown;
      } finally {
        silence.end();
      }
      checkTime(path, until.untilMs);
      if (error && failed >= this.retry.streamAttempts) throw error;
      await this.pause(failed, error, until.signal);
    }
  }

  /** Yields the events of the answer to one request, those that come together at once. It is not made again. */
  async *stream(request: Request): AsyncGenerator<Event[]> {
    const { path, signal } = request;
    const silence = new Silence(undefined);
    try {
      const both = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
      const init = this.#init(request, both, { Accept: "text/event-stream" });
      const begun = await this.#reached(path, this.fetch(this.#place(path, []), init), signal);
      const response = await this.#streamed(path, begun, signal);
      const parser = new Parser();
      for await (const chunk of this.#chunks(path, response, { signal })) {
        silence.hold();
        const events = parser.feed(chunk);
        yield events.filter((event) => event.name !== "problem");
        checkEnd(events);
        silence.begin();
      }
    } finally {
      silence.end();
    }
  }

  async #open(path: string, query: Query, last: string | undefined, { signal }: Until, silence: Silence): Promise<Response> {
    const headers = { ...this.#headers(), Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
    const both = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    const response = await this.#reached(path, this.fetch(this.#place(path, query), { headers, signal: both }), signal);
    return await this.#streamed(path, response, signal);
  }

  async #streamed(path: string, response: Response, signal?: AbortSignal): Promise<Response> {
    if (response.status === 200 || response.status === 204) return response;
    throw problem(response.status, response.headers, await this.#reached(path, response.text(), signal));
  }

  /** The bytes of a stream as they come. Not every browser lets its streams be iterated. */
  async *#chunks(path: string, response: Response, { signal }: Until): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await this.#reached(path, reader.read(), signal);
      if (done) return;
      yield value;
    }
  }

  #place(path: string, query: Query): string {
    const parameters = new URLSearchParams(query).toString();
    return this.url + path + (parameters && `?${parameters}`);
  }

  #headers(): Record<string, string> {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  /** Turns an error of the connection into one that the server was not reached, unless the caller ended the request. */
  async #reached<T>(path: string, answer: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Unreachable(`${this.url}${path} was not reached: ${cause}`, { cause });
    }
  }

  async pause(failed: number, error?: StockadeError, signal?: AbortSignal): Promise<void> {
    const { firstMs, longestMs } = this.retry;
    const askedMs = error instanceof Problem ? (error.retryAfterMs ?? 0) : 0;
    const backoffMs = Math.min(firstMs * 2 ** Math.min(failed, 16), longestMs) * (0.5 + Math.random() / 2);
    await sleep(Math.max(Math.min(askedMs, longestMs), backoffMs), signal);
  }
}

/** Ends a stream that is silent for too long, while it is waited for. */
class Silence {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #controller = new AbortController();

  constructor(readonly untilMs: number | undefined) {
    this.begin();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A sign of life has come; how long its reader works on it does not count. */
  hold(): void {
    clearTimeout(this.#timer);
  }

  /** The next sign of life is waited for. */
  begin(): void {
    const left = this.untilMs === undefined ? SILENCE_MS : Math.max(this.untilMs - performance.now(), 10);
    const end = () => this.#controller.abort(new Error("it is silent for too long"));
    this.#timer = setTimeout(end, Math.min(left, SILENCE_MS));
  }

  end(): void {
    this.hold();
    this.#controller.abort();
  }
}

function checkEnd(events: Event[]): void {
  const failed = events.find((event) => event.name === "problem");
  if (!failed) return;
  const document = JSON.parse(failed.data);
  throw new Problem(document.status ?? 500, document);
}

/** Returns when a wait of this length ends. */
export function end(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
}

export function checkTime(what: string, untilMs: number | undefined): void {
  if (untilMs !== undefined && performance.now() >= untilMs) {
    throw new TimedOut(`${what} takes longer than was waited for; it goes on`);
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
