import type { Json } from "./documents.js";

/** Answers that may be another one a little later. */
const PASSING = new Set([408, 429, 502, 503, 504]);

/** Any error of this package. */
export class StockadeError extends Error {
  override name = "StockadeError";
}

/** The server was not reached, or the connection broke off. Its `cause` says how. */
export class Unreachable extends StockadeError {
  override name = "Unreachable";
}

/** A wait was longer than its caller allowed. What was waited for goes on. */
export class TimedOut extends StockadeError {
  override name = "TimedOut";
}

/**
 * The server refused a request, or has failed: an answer as RFC 9457 has it.
 *
 * `kind` is the family of the error, which a program branches on, and `reason` narrows it. `limit`, `allowed` and `used` say
 * which limit was reached. An answer that is not the server's own, such as one of a proxy, has the kind `http`.
 */
export class Problem extends StockadeError {
  override name = "Problem";
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly reason?: string;
  readonly limit?: string;
  readonly allowed?: number;
  readonly used?: number;
  readonly hint?: Json;
  readonly tool?: string;
  readonly call_id?: string;

  constructor(
    readonly status: number,
    document: Json,
    /** How long the server asks to wait. */
    readonly retryAfterMs?: number,
  ) {
    const ours = typeof document?.kind === "string" ? document : {};
    const { kind = "http", title = "", detail = `the server answered ${status}` } = ours;
    super(`${detail} (${kind}, ${status})`);
    this.kind = kind;
    this.title = title;
    this.detail = detail;
    this.reason = ours.reason;
    this.limit = ours.limit;
    this.allowed = ours.allowed;
    this.used = ours.used;
    this.hint = ours.hint;
    this.tool = ours.tool;
    this.call_id = ours.call_id;
  }

  /** Whether the same request may be answered otherwise a little later. */
  get passes(): boolean {
    return PASSING.has(this.status);
  }
}

/** Reads an answer that is no success. */
export function problem(status: number, headers: Headers, text: string): Problem {
  const after = headers.get("retry-after") ?? "";
  return new Problem(status, parsed(text), /^\d+$/.test(after) ? Number(after) * 1000 : undefined);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
