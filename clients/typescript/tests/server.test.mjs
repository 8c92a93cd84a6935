/** The client against a real server: `tests/clients` starts one, with the configuration of `examples/edit`. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Problem, Stockade, TimedOut } from "stockade-client";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const COMPONENT = `${PACKAGE}../../guest-tools/dist/policy.wasm`;
const skip = process.env.STOCKADE_URL ? false : "tests/clients starts a server, and names it in STOCKADE_URL";

const stockade = new Stockade();
const order = (user) => ({ user_id: user, request: "not what I expected" });

async function all(stream) {
  const seen = [];
  for await (const each of stream) seen.push(each);
  return seen;
}

async function refused(call) {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof Problem, String(error));
  return error;
}

/** Starts a run that asks a person; returns the question. */
async function asked(workflow, input) {
  const { run_id } = await stockade.runs.start(workflow, input);
  assert.equal((await stockade.runs.wait(run_id, { timeoutMs: 20_000 })).status, "waiting");
  return (await all(stockade.approvals.list({ run: run_id })))[0];
}

const ended = (runId) => stockade.runs.wait(runId, { ended: true, timeoutMs: 20_000 });

test("the program of the documents does what they say", { skip }, async () => {
  const program = [`${PACKAGE}dist/examples/refund.js`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, program, { timeout: 30_000 });
  const lines = stdout.trimEnd().split("\n");
  assert.equal(stderr, "");
  assert.match(lines[0], /^payments {.*"amount_cents":14900.*} refund of \$149\.00 is over \$100\.00$/);
  assert.deepEqual([lines[1], ...lines.slice(-2)], ["created", "done", "14900"]);
  const source = await readFile(`${PACKAGE}examples/refund.ts`, "utf8");
  assert.ok(source.trimEnd().split("\n").length <= 15);
  for (const page of [`${PACKAGE}README.md`, `${PACKAGE}../../docs/src/guide/clients.md`]) {
    assert.ok((await readFile(page, "utf8")).includes(`\`\`\`typescript\n${source}\`\`\``), page);
  }
});

test("the program with an upload a stream and a fork does what the documents say", { skip }, async () => {
  const folder = await mkdtemp(`${tmpdir()}/stockade-`);
  try {
    await copyFile(COMPONENT, `${folder}/rules.wasm`);
    const program = [`${PACKAGE}dist/examples/sandbox.js`];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, program, { cwd: folder, timeout: 30_000 });
    const lines = stdout.trimEnd().split("\n");
    assert.equal(stderr, "");
    assert.match(lines[0], /^rules sha256:[0-9a-f]{64} \[\]$/);
    assert.deepEqual(lines.slice(1), ["stdout so far", "42 42"]);
  } finally {
    await rm(folder, { recursive: true });
  }
  const source = await readFile(`${PACKAGE}examples/sandbox.ts`, "utf8");
  assert.ok(source.trimEnd().split("\n").length <= 15);
  for (const page of [`${PACKAGE}README.md`, `${PACKAGE}../../docs/src/guide/clients.md`]) {
    assert.ok((await readFile(page, "utf8")).includes(`\`\`\`typescript\n${source}\`\`\``), page);
  }
});

test("a fork names what it repeats and a picture has the path", { skip }, async () => {
  const { run_id } = await stockade.runs.start("refund", order("user_789"));
  await ended(run_id);
  const error = await refused(stockade.runs.fork(run_id));
  assert.deepEqual([error.status, error.reason], [409, "repeat"]);
  const repeat = [...error.detail.split(" behind entry ")[0].matchAll(/"([^"]+)"/g)].map(([, key]) => key);
  const options = { repeat, key: randomUUID() };
  const fork = await stockade.runs.fork(run_id, options);
  assert.deepEqual([(await stockade.runs.fork(run_id, options)).run_id, fork.labels.forked_from], [fork.run_id, run_id]);
  assert.match(await stockade.runs.graph(run_id), /^<svg /);
});

test("code of a session is followed and the session is listed and forked", { skip }, async () => {
  const { sandbox } = stockade;
  const [session, other] = [randomUUID(), randomUUID()];
  const events = await all(sandbox.stream("javascript", "console.log('a'); globalThis.x = 1", { session }));
  assert.deepEqual([events[0].event, events.at(-1).event], ["run", "end"]);
  assert.deepEqual(events.find(({ event }) => event === "output").data, { stream: "stdout", text: "a\n" });
  assert.ok((await all(sandbox.sessions())).some((each) => each.session === session));
  assert.deepEqual(await sandbox.forkSession(session, other), { session: other });
  assert.deepEqual((await all(sandbox.session(other))).map(({ run_id }) => run_id), [events[0].data.run_id]);
});

test("a run is started once for a key and its events are its entries", { skip }, async () => {
  const key = randomUUID();
  const options = { key, labels: { team: key } };
  const { run_id } = await stockade.runs.start("refund", order("user_789"), options);
  assert.equal((await stockade.runs.start("refund", order("user_789"), options)).run_id, run_id);
  const error = await refused(stockade.runs.start("refund", order("user_456"), { key }));
  assert.deepEqual([error.status, error.kind, error.reason], [409, "conflict", "start_key"]);
  const events = await all(stockade.runs.events(run_id));
  const entries = await all(stockade.runs.entries(run_id));
  assert.deepEqual(events.slice(0, -1).map(({ data }) => data), entries);
  assert.deepEqual(entries.map(({ seq }) => seq), entries.map((_, at) => at + 1));
  assert.deepEqual([events.at(-1).event, events.at(-1).data.status], ["end", "done"]);
  assert.deepEqual(await all(stockade.runs.entries(run_id, { after: entries.length - 1 })), entries.slice(-1));
  assert.deepEqual(await all(stockade.runs.events(run_id, { lastEventId: "3" })), events.slice(3));
  assert.deepEqual((await all(stockade.runs.list({ key }))).map((line) => line.run_id), [run_id]);
});

test("runs are listed over pages each once", { skip }, async () => {
  const labels = { batch: randomUUID() };
  const start = async () => (await stockade.runs.start("refund", order("user_456"), { labels })).run_id;
  const started = [await start(), await start(), await start(), await start(), await start()];
  const listed = (await all(stockade.runs.list({ labels, page: 2 }))).map(({ run_id }) => run_id);
  assert.deepEqual(listed.toSorted(), started.toSorted());
});

test("a question is decided as it was seen and once", { skip }, async () => {
  const question = await asked("refund", order("user_123"));
  const { run_id, key } = question;
  const other = await refused(stockade.approvals.approve({ ...question, digest: "sha256:000000000000" }));
  assert.deepEqual([other.status, other.reason], [409, "seen"]);
  await stockade.approvals.deny(question, { comment: "bought twice before" });
  assert.equal((await ended(run_id)).approvals[0].decision.comment, "bought twice before");
  assert.equal((await refused(stockade.approvals.approve(question))).reason, "decided");
  assert.equal((await refused(stockade.approvals.revoke(run_id, key))).reason, "remembered");
  assert.equal((await refused(stockade.runs.settle(run_id, key, { found: "failed" }))).kind, "not_found");
});

test("a call of an agent is edited and another is answered in its place", { skip }, async () => {
  const task = { task: "user_789 wants a refund of the Starter License" };
  const less = { user_id: "user_789", amount_cents: 4900 };
  const edited = await asked("desk", task);
  await stockade.approvals.edit(edited, less);
  const run = await ended(edited.run_id);
  assert.deepEqual([run.status, run.approvals[0].decision.arguments], ["done", less]);
  const answered = await asked("desk", task);
  await stockade.approvals.respond(answered, "it was refunded on Monday");
  const { status, approvals } = await ended(answered.run_id);
  assert.deepEqual([status, approvals[0].decision.verdict], ["done", "responded"]);
});

test("a run is paused resumed given more told and stopped", { skip }, async () => {
  const { run_id } = await asked("refund", order("user_123"));
  const { runs } = stockade;
  assert.equal((await runs.pause(run_id, { reason: "lunch" })).stop.reason, "lunch");
  assert.equal((await runs.resume(run_id)).stop, null);
  await runs.wait(run_id, { timeoutMs: 20_000 });
  assert.equal((await runs.addToBudget(run_id, { steps: 3 })).budget.steps, 103);
  await runs.wait(run_id, { timeoutMs: 20_000 });
  await runs.signal(run_id, "paid", { cents: 1 }, { key: "once" });
  await assert.rejects(runs.wait(run_id, { ended: true, timeoutMs: 0 }), TimedOut);
  assert.equal((await runs.stop(run_id, { reason: "enough", graceMs: 1_000 })).status, "stopped");
  assert.equal((await refused(runs.stop(run_id))).reason, "ended");
});

test("code runs in one call with tools and comes back with its exception", { skip }, async () => {
  const { sandbox } = stockade;
  const code = "console.log('so'); return (await purchases.find({user_id: input.user})).price_cents";
  const ran = await sandbox.run("javascript", code, { input: { user: "user_123" }, tools: ["purchases"] });
  assert.deepEqual([ran.status, ran.output, ran.stdout], ["done", 14_900, "so\n"]);
  assert.deepEqual(ran.tool_calls.map((call) => call.function), ["find"]);
  const options = { input: [1], key: randomUUID(), budget: { steps: 20 } };
  const first = await sandbox.run("javascript", "return input", options);
  const again = await sandbox.run("javascript", "return input", options);
  assert.deepEqual([first.run_id, first.output], [again.run_id, [1]]);
  const failed = await sandbox.run("javascript", "throw new Error('no')");
  assert.match(failed.exception.message, /no/);
  assert.match((await refused(sandbox.run("cobol", "STOP RUN."))).detail, /cobol/);
});

test("the host tells its tools workflows and budgets", { skip }, async () => {
  await stockade.checkReady();
  const policy = (await stockade.tools.list()).find(({ name }) => name === "policy");
  assert.deepEqual(await stockade.tools.get("policy"), policy);
  const args = { amount_cents: 14_900, approval_above_cents: 10_000 };
  const answer = await stockade.tools.call("policy", "needs_approval", args, { key: "k" });
  assert.deepEqual([answer.output, answer.idempotency_key], [true, "k"]);
  assert.equal((await refused(stockade.tools.get("nothing"))).status, 404);
  const workflows = await stockade.workflows();
  assert.ok(workflows.includes("refund") && workflows.includes("desk"));
  const { initial, states } = await stockade.workflow("refund");
  assert.ok(states.some(({ name }) => name === initial));
  assert.deepEqual(await all(stockade.budgets()), []);
});

test("a text is kept found and forgotten", { skip }, async () => {
  const { memory } = stockade;
  const source = `handbook-${randomUUID()}`;
  const text = "Goods may be returned within thirty days.";
  const kept = await memory.keep(source, text, { namespace: { tenant: source }, labels: ["private"] });
  assert.deepEqual([kept.kept.length, kept.known], [1, []]);
  const found = await memory.search("how long may goods be returned", { namespace: source });
  assert.deepEqual(found.map((each) => each.source), [source]);
  const listed = await all(memory.list({ source, page: 1 }));
  assert.deepEqual(listed.map(({ id, labels }) => [id, labels]), [[kept.kept[0], ["private"]]]);
  assert.equal(await memory.forget({ source }), 1);
  assert.equal((await refused(memory.forget({ ids: kept.kept }))).kind, "not_found");
  assert.deepEqual(await all(memory.list({ source })), []);
});

test("a refusal says which limit and a wrong token is one", { skip }, async () => {
  const bot = new Stockade({ token: process.env.STOCKADE_BOT_TOKEN });
  const error = await refused(bot.runs.start("refund", order("user_789"), { budget: { steps: 51 } }));
  assert.deepEqual([error.status, error.kind, error.reason], [403, "denied", "budget"]);
  assert.deepEqual([error.limit, error.allowed, error.used], ["steps", 50, 51]);
  assert.equal((await refused(all(new Stockade({ token: "stk_00" }).budgets()))).status, 401);
  assert.equal((await refused(stockade.runs.get("7"))).reason, "run_id");
});

test("many runs are started and followed at once", { skip }, async () => {
  const refund = async () => {
    const { run_id } = await stockade.runs.start("refund", order("user_789"));
    return (await all(stockade.runs.events(run_id))).at(-1).data.status;
  };
  const waiting = await stockade.runs.start("refund", order("user_123"));
  assert.deepEqual(await Promise.all(Array.from({ length: 8 }, refund)), Array(8).fill("done"));
  for await (const { data } of stockade.runs.changes({ needsMe: true, changedSinceMs: 1 })) {
    if (data.run_id === waiting.run_id) return assert.equal(data.status, "waiting");
  }
});

test("the package has the version of the program", async () => {
  const { version } = JSON.parse(await readFile(`${PACKAGE}package.json`, "utf8"));
  assert.ok((await readFile(`${PACKAGE}../../Cargo.toml`, "utf8")).includes(`\nversion = "${version}"\n`));
});
