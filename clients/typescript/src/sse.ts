import { StockadeError } from "./errors.js";

/** The longest event, in characters: an entry has a few MiB at most. */
const EVENT_MAX = 64 << 20;

/** One event of a stream. */
export interface Event {
  name: string;
  data: string;
  id: string;
}

/** Makes events of the bytes of a stream, as the HTML standard has them. */
export class Parser {
  #decoder = new TextDecoder();
  #rest = "";
  #name = "";
  #data: string[] = [];
  #size = 0;
  #id = "";

  /** Returns the events that are complete with these bytes. */
  feed(chunk: Uint8Array): Event[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A carriage return in the end may be half of the end of a line.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() + text.slice(end);
    const events = lines.map((line) => this.#line(line)).filter((event) => event !== undefined);
    if (this.#rest.length + this.#size > EVENT_MAX) {
      throw new StockadeError(`an event has more than ${EVENT_MAX} characters`);
    }
    return events;
  }

  #line(line: string): Event | undefined {
    if (line === "") return this.#end();
    const colon = line.includes(":") ? line.indexOf(":") : line.length;
    const value = line.slice(colon + 1).replace(/^ /, "");
    switch (line.slice(0, colon)) {
      case "event":
        this.#name = value;
        break;
      case "data":
        this.#data.push(value);
        this.#size += value.length;
        break;
      case "id":
        if (!value.includes("\0")) this.#id = value;
        break;
      default: // A comment, or a field that says nothing here.
    }
    return undefined;
  }

  #end(): Event | undefined {
    const event = { name: this.#name || "message", data: this.#data.join("\n"), id: this.#id };
    const isEvent = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    this.#size = 0;
    return isEvent ? event : undefined;
  }
}
