/** AG-UI by its own client, against a real server: `tests/clients` starts one, and installs the client. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";

const { STOCKADE_URL, STOCKADE_TOKEN, STOCKADE_MODULES } = process.env;
const { HttpAgent } = createRequire(STOCKADE_MODULES)("@ag-ui/client");

/** A client with a thread of its own, and the events that it has seen. */
function client(workflow, token = STOCKADE_TOKEN) {
  const agent = new HttpAgent({
    url: `${STOCKADE_URL}/v1/agui/${workflow}`,
    headers: { Authorization: `Bearer ${token}` },
    threadId: randomUUID(),
  });
  const seen = [];
  const run = (parameters = {}) => agent.runAgent(parameters, { onEvent: ({ event }) => void seen.push(event) });
  return { agent, seen, run };
}

const say = (agent, content) => agent.addMessage({ id: randomUUID(), role: "user", content });
const types = (seen) => seen.map(({ type }) => type);

/** Starts an agent that asks before it pays; returns what it asks. */
async function asked() {
  const { agent, seen, run } = client("desk");
  say(agent, "user_789 wants a refund of the Starter License");
  await run();
  assert.equal(agent.pendingInterrupts.length, 1);
  return { agent, seen, run, interrupt: agent.pendingInterrupts[0] };
}

test("a run that a person has to decide on ends with an interrupt and the answer goes on with it", async () => {
  const { agent, seen, run, interrupt } = await asked();
  assert.deepEqual([seen[0].type, seen[0].protocolVersion], ["RUN_STARTED", "1.0"]);
  const [call] = agent.messages.flatMap(({ toolCalls }) => toolCalls ?? []);
  assert.deepEqual([call.id, call.function.name], [interrupt.toolCallId, "payments.refund"]);
  assert.equal(JSON.parse(call.function.arguments).amount_cents, 7900);
  assert.deepEqual(interrupt.responseSchema.properties.decision.enum.toSorted(), ["approve", "deny", "edit", "respond"]);
  assert.ok(new Date(interrupt.expiresAt) > new Date());

  seen.length = 0;
  const payload = { decision: "edit", arguments: { user_id: "user_789", amount_cents: 4900 } };
  const { result } = await run({ resume: [{ interruptId: interrupt.id, status: "resolved", payload }] });
  assert.deepEqual(agent.pendingInterrupts, []);
  const answer = agent.messages.find(({ role, toolCallId }) => role === "tool" && toolCallId === call.id);
  assert.match(answer.content, /re_\d/);
  assert.equal(agent.messages.at(-1).content, "A manager has made it $49.00, which is on its way.");
  assert.equal(typeof result.answer, "string");
  assert.equal(types(seen).filter((type) => type === "TOOL_CALL_START").length, 0, "the call was told of before");
});

test("an answer that is given up is a no and one to what was decided is refused", async () => {
  const { agent, run, interrupt } = await asked();
  const resume = [{ interruptId: interrupt.id, status: "cancelled" }];
  await run({ resume });
  const answer = agent.messages.find(({ role, toolCallId }) => role === "tool" && toolCallId === interrupt.toolCallId);
  assert.equal(answer.content, "denied: cancelled");
  const payload = { decision: "approve" };
  const late = run({ resume: [{ interruptId: interrupt.id, status: "resolved", payload }] });
  await assert.rejects(late, (error) => error.status === 409 && error.message.includes("decided"));
});

test("a workflow without an agent takes what is forwarded and returns its result", async () => {
  const { seen, run } = client("refund");
  const input = { user_id: "user_789", request: "not what I expected" };
  const { result } = await run({ forwardedProps: { input } });
  assert.ok(result.outcome, JSON.stringify(result));
  const told = types(seen);
  assert.equal(told.filter((type) => type === "STEP_STARTED").length, told.filter((type) => type === "STEP_FINISHED").length);
  assert.deepEqual([told[0], told.at(-1)], ["RUN_STARTED", "RUN_FINISHED"]);
});

test("what is refused is an answer with a status", async () => {
  const nothing = client("nothing");
  say(nothing.agent, "hello");
  await assert.rejects(nothing.run(), (error) => error.status === 404);
  const stranger = client("desk", "stk_00");
  say(stranger.agent, "hello");
  await assert.rejects(stranger.run(), (error) => error.status === 401);
});
