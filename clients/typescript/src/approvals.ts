import type { Arguments, Question, Run } from "./documents.js";
import { type Options, path, post, query } from "./request.js";
import type { Transport } from "./transport.js";

/** Which questions are listed. */
export interface QuestionFilter extends Options {
  /** The run that asks. */
  run?: string;
  workflow?: string;
  labels?: Record<string, string>;
  /** The most runs of a page. */
  page?: number;
}

/** A question as a person saw it. */
export type Seen = Pick<Question, "run_id" | "key" | "digest">;

/** What is said with a decision. */
export interface Said extends Options {
  comment?: string;
}

/** A decision, with what belongs to it. */
export type Decided = { comment?: string } & (
  | { decision: "approve"; remember?: Arguments }
  | { decision: "deny" }
  | { decision: "edit"; arguments: Arguments }
  | { decision: "respond"; response: string }
);

/** What people are asked, and what they decide. Who decides is the name of the token. */
export class Approvals {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Lists the questions that wait for a person, those of the oldest run first; page after page. */
  list(filter: QuestionFilter = {}): AsyncGenerator<Question> {
    return this.#transport.pages("/v1/approvals", query(filter), filter);
  }

  /** Lets the call of a question be made, once; with `remember`, later calls with these arguments too. */
  approve(question: Seen, { signal, ...said }: Said & { remember?: Arguments } = {}): Promise<Run> {
    return this.decide(question, { decision: "approve", ...said }, { signal });
  }

  /** Lets the call of a question not be made. */
  deny(question: Seen, { signal, ...said }: Said = {}): Promise<Run> {
    return this.decide(question, { decision: "deny", ...said }, { signal });
  }

  /** Lets the call be made, once, with these arguments in place of its own. */
  edit(question: Seen, args: Arguments, { signal, ...said }: Said = {}): Promise<Run> {
    return this.decide(question, { decision: "edit", arguments: args, ...said }, { signal });
  }

  /** Answers in the tool's place. */
  respond(question: Seen, response: string, { signal, ...said }: Said = {}): Promise<Run> {
    return this.decide(question, { decision: "respond", response, ...said }, { signal });
  }

  /** Decides on a question, as it was seen: its digest is that of what the person saw, or the first twelve digits of that. */
  decide({ run_id, key, digest }: Seen, decided: Decided, options?: Options): Promise<Run> {
    const body = { seen: digest, ...decided };
    return this.#transport.ask(post(path("runs", run_id, "approvals", key), body, options));
  }

  /** Lets an approval hold no longer for later calls. */
  revoke(runId: string, key: string, { signal }: Options = {}): Promise<Run> {
    return this.#transport.ask({ method: "DELETE", path: path("runs", runId, "approvals", key), signal });
  }
}
