/** What the server is sent and answers, as it is in JSON. Documents of a newer server may have further members. */

/** What a run is doing. */
export type Status = "running" | "interrupted" | "waiting" | "suspended" | "paused" | "done" | "failed" | "stopped";

/** What has to come before a run goes on. */
export type WaitingFor = "person" | "settlement" | "signal" | "result" | "runs" | "time" | "budget" | "resume";

/** What a person decides. */
export type Verdict = "approved" | "denied" | "edited" | "responded";

/** A value of JSON whose members depend on the workflow, the tool or the code. */
export type Json = any;

/** Arguments of a call, by name. */
export type Arguments = Record<string, Json>;

/** Amounts by currency: numbers of its own unit, or texts with one, as in `{steps: 3, money: "$1.50"}`. */
export type Amounts = Partial<
  Record<
    "fuel" | "memory" | "wall" | "steps" | "tool_calls" | "model_calls" | "tokens" | "money" | "journal",
    number | string
  >
>;

/** An error of a run, of a call or of code. */
export interface Fault {
  kind: string;
  message: string;
  detail?: string;
  limit?: string;
  allowed?: number;
  used?: number;
  hint?: Json;
  tool?: string;
  call_id?: string;
}

/** What was spent, or may be. */
export interface Usage {
  fuel?: number;
  memory_bytes_peak?: number;
  wall_us?: number;
  steps?: number;
  tool_calls?: number;
  model_calls?: number;
  tokens?: number;
  money_micros?: number;
  journal_bytes?: number;
}

/** A person's answer to a question. */
export interface Decision {
  by: string;
  verdict: Verdict;
  comment?: string;
  arguments?: Arguments;
  response?: string;
  remember?: Arguments;
  repeats?: string;
}

/** A question to a person about one exact call, decided or not. */
export interface Approval {
  key: string;
  reason: string;
  tool: string;
  function: string;
  arguments: Arguments;
  digest: string;
  decisions: Verdict[];
  decision: Decision | null;
  notes?: string[];
  terms?: Json[];
  votes?: Decision[];
  reminded_ms?: number;
  escalated_ms?: number;
  expires_ms?: number;
  expired_ms?: number;
  revoked_by?: string;
}

/** A question that waits for a person, with its run. */
export interface Question extends Approval {
  run_id: string;
  workflow: string;
  waits_ms: number;
}

/** All about a run. */
export interface Run {
  run_id: string;
  workflow: string;
  status: Status;
  state: string | null;
  input: Json;
  output: Json;
  error: Fault | null;
  stop: { by: string; reason?: string } | null;
  start_key: string | null;
  labels: Record<string, string>;
  unknown: string[];
  approvals: Approval[];
  doubts: Json[];
  waits: Json[];
  usage: Usage;
  budget: Usage;
  log: string[];
  due_ms?: number;
  parent?: Json;
  children?: Json[];
  undone?: Json[];
}

/** A call that code made. */
export interface CodeCall {
  tool: string;
  function: string;
  arguments: Arguments;
  output?: Json;
  error?: Fault;
  usage?: Usage;
}

/** A run of one piece of code: its value is `output`. */
export interface CodeRun extends Run {
  stdout: string;
  stderr: string;
  tool_calls: CodeCall[];
  exception?: { name: string; message: string; line?: number; column?: number; traceback?: string };
  files?: string[];
}

/** One line about a run. */
export interface RunLine {
  run_id: string;
  workflow: string;
  status: Status;
  state: string;
  updated_ms: number;
  start_key?: string;
  labels?: Record<string, string>;
  waiting_for?: WaitingFor[];
  waits_for?: string[];
  damaged?: string;
}

/** One entry of a run's journal. Each kind of change has members of its own beside these. */
export interface Entry {
  run: string;
  seq: number;
  at_ms: number;
  change: string;
  [member: string]: Json;
}

/** What a follower of one run sees: its entries, and in the end the run. */
export type RunEvent = { event: "entry"; id: string; data: Entry } | { event: "end"; id: string; data: Run };

/** What a follower of all runs sees. */
export interface LineEvent {
  event: "run";
  id: string;
  data: RunLine;
}

/** What a follower of code sees: its run, what it writes, and in the end how it stands. */
export type CodeEvent =
  | { event: "run"; data: Run }
  | { event: "output"; data: { stream: "stdout" | "stderr"; text: string } }
  | { event: "end"; data: CodeRun };

/** A session of code. */
export interface Session {
  session: string;
}

/** A piece of code of a session: the run that it is of. */
export interface SessionCell {
  number: number;
  run_id: string;
  key: string;
}

/** What became of a session that was removed, and of the runs of its code. */
export interface RemovedSession {
  session: string;
  cells: number;
  removed: string[];
  kept: string[];
}

/** A tool that is a component. */
export interface Tool {
  name: string;
  digest: string;
  functions: Json[];
  size?: number;
  imports?: string[];
  asks?: string[];
  grants?: Json[];
  repeatable?: boolean;
  manifest?: Json;
}

/** What one call of a tool has answered. */
export interface ToolAnswer {
  tool: string;
  function: string;
  output: Json;
  usage: Usage;
  stdout: string;
  stderr: string;
  log: Json[];
  idempotency_key: string;
}

/** Whose memories these are. */
export interface Namespace {
  tenant?: string;
  user?: string;
  agent?: string;
}

/** A mark that data carries. */
export type Label = "untrusted" | "private";

/** Something that is kept in the long-term memory; in a list, its score is 0. */
export interface Memory {
  id: number;
  text: string;
  at_ms: number;
  score: number;
  source?: string;
  labels?: Label[];
  written_by?: [runId: string, key: string];
  namespace?: Namespace;
  also_in?: string[];
  expires_ms?: number;
}

/** The numbers of what was kept, and of what was there before. */
export interface Remembered {
  kept: number[];
  known: number[];
}

/** The states of a workflow. */
export interface Graph {
  initial: string;
  states: Json[];
}

/** How a budget stands that runs share. */
export interface SharedBudget {
  name: string;
  period: string;
  group: string;
  taken: Usage;
  limit: Record<string, number>;
}
