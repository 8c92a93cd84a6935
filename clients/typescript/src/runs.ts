import type { Amounts, Entry, Json, LineEvent, Run, RunEvent, RunLine, Status, WaitingFor } from "./documents.js";
import { get, once, type Options, path, post, query } from "./request.js";
import { checkTime, end, type Transport } from "./transport.js";

const GOES_ON: Status[] = ["running", "interrupted"];
const ENDED: Status[] = ["done", "failed", "stopped"];

/** How a run is started. */
export interface Start extends Options {
  /** The same request under the same key returns the run that it has started. Without one, the client makes one. */
  key?: string;
  budget?: Amounts;
  labels?: Record<string, string>;
  deadlineMs?: number;
}

/** Which runs are followed. */
export interface Followed extends Options {
  workflow?: string;
  status?: Status | Status[];
  labels?: Record<string, string>;
  needsMe?: boolean;
  changedSinceMs?: number;
}

/** Which runs are listed, and how. */
export interface Filter extends Followed {
  key?: string;
  waitingFor?: WaitingFor | WaitingFor[];
  sinceMs?: number;
  unchangedSinceMs?: number;
  sort?: "started" | "changed";
  reverse?: boolean;
  /** The most runs of a page. */
  page?: number;
}

/** Why a run is to stop or to pause, and how long what is in flight has to end. */
export interface Order extends Options {
  reason?: string;
  graceMs?: number;
}

/** Where a fork begins, and what it may do once more. */
export interface Fork extends Options {
  /** The number of the last entry that both runs have; by default the first one. */
  after?: number;
  repeat?: string[];
  /** The same fork under the same key is started once. Without one, the client makes one. */
  key?: string;
}

/** How long is waited. */
export interface Wait extends Options {
  /** Until the run has ended, and not only stands still. */
  ended?: boolean;
  timeoutMs?: number;
}

/** Runs: started, listed, read, followed, and told what to do. */
export class Runs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a run, once for each key. */
  start(workflow: string, input: Json, options: Start = {}): Promise<Run> {
    const { budget, labels, deadlineMs: deadline_ms } = options;
    return this.#transport.ask(once("/v1/runs", { workflow, input, budget, labels, deadline_ms }, options));
  }

  /** Returns all about a run. */
  get(runId: string, options?: Options): Promise<Run> {
    return this.#transport.ask(get(path("runs", runId), options));
  }

  /** Lists the runs that all of the filters let through, the oldest first; page after page. */
  list(filter: Filter = {}): AsyncGenerator<RunLine> {
    return this.#transport.pages("/v1/runs", query(filter), filter);
  }

  /** Lists the entries of a run's journal behind the one of this number, page after page. */
  entries(runId: string, { after = 0, ...options }: Options & { after?: number } = {}): AsyncGenerator<Entry> {
    return this.#transport.pages(path("runs", runId, "entries"), [["after", String(after)]], options);
  }

  /**
   * Follows a run: an event `entry` for each entry behind the last event, and in the end `end` with the run.
   *
   * A stream that breaks off goes on where it was, and no entry comes twice.
   */
  async *events(runId: string, options: Options & { lastEventId?: string } = {}): AsyncGenerator<RunEvent> {
    for await (const events of this.#transport.follow(path("runs", runId, "events"), [], options.lastEventId, options)) {
      for (const { name, id, data } of events) {
        yield { event: name, id, data: JSON.parse(data) } as RunEvent;
        if (name === "end") return;
      }
    }
  }

  /**
   * Follows the lines of all runs that the filters let through, as they change, without an end.
   *
   * Where the stream breaks off, a few lines may come again.
   */
  async *changes(options: Followed & { lastEventId?: string } = {}): AsyncGenerator<LineEvent> {
    for await (const events of this.#transport.follow("/v1/events", query(options), options.lastEventId, options)) {
      for (const { id, data } of events) yield { event: "run", id, data: JSON.parse(data) };
    }
  }

  /** Waits until a run stands still: it has ended, or waits for a person, a time, a budget or another thing. */
  async wait(runId: string, { ended = false, timeoutMs, signal }: Wait = {}): Promise<Run> {
    const [untilMs, where, options] = [end(timeoutMs), path("runs", runId, "events"), signal ? { signal } : {}];
    const isOver = (run: Run) => (ended ? ENDED.includes(run.status) : !GOES_ON.includes(run.status));
    let run = await this.get(runId, options);
    if (isOver(run)) return run;
    for await (const events of this.#transport.follow(where, [], undefined, { untilMs, ...options })) {
      const last = events.find((event) => event.name === "end");
      if (last) return JSON.parse(last.data);
      if (events.length > 0) run = await this.get(runId, options);
      if (isOver(run)) return run;
      checkTime(where, untilMs);
    }
    return this.get(runId, options);
  }

  /** Ends a run, whatever it is doing. */
  stop(runId: string, order: Order = {}): Promise<Run> {
    return this.#order(runId, "stop", order);
  }

  /** Lets a run begin nothing more until it is resumed. */
  pause(runId: string, order: Order = {}): Promise<Run> {
    return this.#order(runId, "pause", order);
  }

  /** Goes on with a run that was paused or interrupted. */
  resume(runId: string, options?: Options): Promise<Run> {
    return this.#transport.ask(post(path("runs", runId, "resume"), {}, options));
  }

  /**
   * Starts a new run that begins as this one stood after an entry, and asks and pays again from there.
   *
   * `repeat` names what this run has performed behind that entry and the fork may perform again; the server refuses a fork
   * that does not name all of it, with the reason `repeat`.
   */
  fork(runId: string, { after = 1, repeat = [], ...options }: Fork = {}): Promise<Run> {
    return this.#transport.ask(once(path("runs", runId, "fork"), { after, repeat }, options));
  }

  /** Returns the states of the run's workflow as SVG, with the path that the run took. */
  async graph(runId: string, options?: Options): Promise<string> {
    return (await this.#transport.send(get(path("runs", runId, "graph.svg"), options))).text;
  }

  /** Adds to the budget of a run, and goes on with it. */
  addToBudget(runId: string, add: Amounts, options?: Options): Promise<Run> {
    return this.#transport.ask(post(path("runs", runId, "budget"), { add }, options));
  }

  /** Sends a run a signal; under the same key it is still one signal. */
  signal(runId: string, name: string, payload: Json = null, options: Options & { key?: string } = {}): Promise<Run> {
    return this.#transport.ask(once(path("runs", runId, "signals", name), { payload }, options));
  }

  /** Says what became of a call in doubt: it is done, and answered this, or it failed. */
  settle(
    runId: string,
    key: string,
    settlement: { found: "done"; output?: Json; comment?: string } | { found: "failed"; comment?: string },
    options?: Options,
  ): Promise<Run> {
    return this.#transport.ask(post(path("runs", runId, "settlements", key), settlement, options));
  }

  #order(runId: string, what: string, { reason, graceMs: grace_ms, ...options }: Order): Promise<Run> {
    return this.#transport.ask(post(path("runs", runId, what), { reason, grace_ms }, options));
  }
}
