import { Problem, StockadeError, Unreachable } from "./errors.js";

/** A request. One that does the same when it comes twice is repeatable. */
export interface Request {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  query?: Query;
  body?: unknown;
  /** A component, in place of a document. */
  component?: Uint8Array;
  key?: string;
  repeatable?: boolean;
  signal?: AbortSignal | undefined;
}

export type Query = [string, string][];

/** What any call takes: a signal that ends the waiting for it. What was asked for may go on. */
export interface Options {
  signal?: AbortSignal | undefined;
}

/** Errors of a connection after which no request can have been received. A browser does not tell them. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

export function get(path: string, { signal }: Options = {}, query: Query = []): Request {
  return { method: "GET", path, query, repeatable: true, signal };
}

export function post(path: string, body: unknown, { signal }: Options = {}): Request {
  return { method: "POST", path, body, signal };
}

/** A request that the server does once for each key. Without one, it has a key of its own, so that it can come again. */
export function once(path: string, body: unknown, { key, signal }: Options & { key?: string | undefined }): Request {
  return { method: "POST", path, body, key: key ?? newKey(), repeatable: true, signal };
}

/** A key that is like no other. `randomUUID` is not there on a page without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether a request may be made again after this error. */
export function mayComeAgain(request: Request, error: StockadeError): boolean {
  // With 429 the server says that it has not begun.
  if (error instanceof Problem) return error.status === 429 || (request.repeatable === true && error.passes);
  if (!(error instanceof Unreachable)) return false;
  return request.repeatable === true || NOT_SENT.has(code(error.cause));
}

/** The code of the system's error beneath one of `fetch`. */
function code(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  return cause ? codeOf(cause) : "";
}

function codeOf(cause: unknown): string {
  const { code, errors } = cause as { code?: unknown; errors?: { code?: unknown }[] };
  return String(code ?? errors?.[0]?.code ?? "");
}

/**
 * Joins names to a path beneath `/v1`. Only the last one may have slashes: a key such as `turn-1/call-1`.
 *
 * A part of dots would lead to another path, however it is written: no request is made for it.
 */
export function path(...names: string[]): string {
  const last = names.at(-1) ?? "";
  const parts = [...names.slice(0, -1), ...last.split("/")];
  const dots = parts.find((part) => part === "." || part === "..");
  if (dots) throw new StockadeError(`"${dots}" cannot be a part of a path, as in "${last}"`);
  return ["/v1", ...parts.map(encodeURIComponent)].join("/");
}

/** Writes filters as parameters: `needsMe` is `needs_me`, and a list is repeated. */
export function query(filters: object): Query {
  return Object.entries(filters).flatMap(([name, value]): Query => {
    if (value === undefined || name === "signal" || name === "lastEventId") return [];
    if (name === "labels") return Object.entries(value).map(([label, value]) => ["label", `${label}=${value}`]);
    const written = name === "page" ? "limit" : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [value].flat().map((each) => [written, String(each)]);
  });
}

/** Reads the parameters of the next page from the header `Link`; the token goes to no other address. */
export function nextPage(link: string | null): Query | undefined {
  const found = /<[^>?]*\?([^>]*)>;\s*rel="next"/.exec(link ?? "");
  return found ? [...new URLSearchParams(found[1])] : undefined;
}
