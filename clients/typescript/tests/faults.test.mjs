/** What the client does when a server or a connection fails. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { Problem, Stockade, StockadeError, TimedOut, Unreachable } from "stockade-client";
import { nextPage, path } from "../dist/src/request.js";
import { Parser } from "../dist/src/sse.js";
import { DROP, document, events, far, problem } from "./far.mjs";

const SOON = { attempts: 3, streamAttempts: 4, firstMs: 1, longestMs: 10 };
const QUESTION = { run_id: "r", key: "turn-1/call 1", digest: "sha256:ab" };

const entry = (seq) => ["entry", String(seq), { run: "r", seq, at_ms: 1, change: "stepped" }];
const run = (status, more = {}) => ({ run_id: "r", status, ...more });
const client = (url) => new Stockade({ url, token: "stk_1", retry: SOON });

async function all(stream, most = Infinity) {
  const seen = [];
  for await (const each of stream) if (seen.push(each) >= most) break;
  return seen;
}

test("a start without a key has one of its own and is repeated under it", async () => {
  const asked = await far([DROP, problem(503, "journal"), document(run("running"), 201)], async (url) => {
    await client(url).runs.start("refund", { a: 1 }, { labels: { team: "a" } });
  });
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.deepEqual(asked[0].body, { workflow: "refund", input: { a: 1 }, labels: { team: "a" } });
  assert.equal(asked[0].headers.authorization, "Bearer stk_1");
});

test("what is not repeatable is asked once", async () => {
  const changes = [
    (stockade) => stockade.approvals.approve(QUESTION),
    (stockade) => stockade.runs.addToBudget("r", { steps: 1 }),
    (stockade) => stockade.tools.call("letters", "write", {}, { key: "k" }),
  ];
  for (const answer of [DROP, problem(503, "unavailable"), problem(504, "deadline")]) {
    for (const change of changes) {
      const asked = await far([answer, document({})], async (url) => {
        await assert.rejects(change(client(url)), (error) => error instanceof Problem || error instanceof Unreachable);
      });
      assert.equal(asked.length, 1);
    }
  }
});

test("a request that has not begun is repeated whatever it is", async () => {
  const full = problem(429, "unavailable", {}, { "Retry-After": "1" });
  const asked = await far([full, document(run("running"))], async (url) => {
    await client(url).approvals.approve(QUESTION, { comment: "fine" });
  });
  assert.deepEqual(asked.map(({ what }) => what), Array(2).fill("POST /v1/runs/r/approvals/turn-1/call%201"));
  assert.deepEqual(asked[1].body, { decision: "approve", seen: "sha256:ab", comment: "fine" });
});

test("code that is followed is begun once and its error is thrown", async () => {
  const output = ["output", "", { stream: "stdout", text: "a\n" }];
  const broken = ["problem", "", { status: 503, kind: "journal" }];
  for (const [answer, kind] of [
    [events([output], { cut: true }), Unreachable],
    [events([output]), Unreachable],
    [events([output, broken]), Problem],
  ]) {
    const asked = await far([answer], async (url) => {
      await assert.rejects(all(client(url).sandbox.stream("javascript", "1", { key: "k" })), kind);
    });
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0].headers.accept, asked[0].headers["idempotency-key"]], ["text/event-stream", "k"]);
  }
});

test("a stream whose reader works on its events for long is not silent", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const told = ["run", "end"];
  const fetch = async (_, { signal }) => {
    const pull = (controller) => {
      signal.throwIfAborted();
      const name = told.shift();
      if (!name) return controller.close();
      controller.enqueue(new TextEncoder().encode(`event: ${name}\ndata: {}\n\n`));
    };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  };
  const seen = [];
  for await (const { event } of new Stockade({ url: "http://far", fetch }).sandbox.stream("javascript", "1")) {
    seen.push(event);
    context.mock.timers.tick(60_000);
  }
  assert.deepEqual(seen, ["run", "end"]);
});

test("a server that is not there is unreachable", async () => {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => listener.once("listening", listening));
  const { port } = listener.address();
  await new Promise((closed) => listener.close(closed));
  await assert.rejects(client(`http://127.0.0.1:${port}`).approvals.approve(QUESTION), (error) => {
    return error instanceof Unreachable && error.message.includes(String(port));
  });
});

test("a problem has the kind and the limit and an answer of a proxy the kind http", async () => {
  const told = problem(403, "denied", { reason: "budget", limit: "steps", allowed: 50, used: 51 });
  await far([told, { status: 400, body: "<html>" }, { status: 200, body: "<html>" }], async (url) => {
    const error = await client(url).runs.start("refund", {}, { budget: { steps: 51 } }).catch((error) => error);
    assert.ok(error instanceof Problem);
    const { status, kind, reason, limit, allowed, used, detail } = error;
    assert.deepEqual([status, kind, reason, limit, allowed, used, detail], [403, "denied", "budget", "steps", 50, 51, "d"]);
    const other = await client(url).runs.get("r").catch((error) => error);
    assert.deepEqual([other.status, other.kind], [400, "http"]);
    const page = await client(url).runs.get("r").catch((error) => error);
    assert.deepEqual([page.status, page.kind], [200, "http"]);
  });
});

test("pages are asked for until there is no next one and no other address is asked", async () => {
  const link = '<http://evil.example/v1/runs?label=a%3Db&cursor=2.x>; rel="next"';
  const pages = [document([{ run_id: "1" }, { run_id: "2" }], 200, { link }), document([{ run_id: "3" }])];
  const asked = await far(pages, async (url) => {
    const filter = { status: "waiting", labels: { a: "b" }, needsMe: true, page: 2 };
    const listed = await all(client(`${url}/`).runs.list(filter));
    assert.deepEqual(listed.map(({ run_id }) => run_id), ["1", "2", "3"]);
  });
  assert.deepEqual(asked.map(({ what }) => what), [
    "GET /v1/runs?status=waiting&label=a%3Db&needs_me=true&limit=2",
    "GET /v1/runs?label=a%3Db&cursor=2.x",
  ]);
});

test("questions are asked for page after page also behind a page without any", async () => {
  const link = '</v1/approvals?run=r&limit=1&cursor=2.x>; rel="next"';
  const asked = await far([document([], 200, { link }), document([QUESTION])], async (url) => {
    assert.deepEqual(await all(client(url).approvals.list({ run: "r", page: 1 })), [QUESTION]);
  });
  assert.deepEqual(asked.map(({ what }) => what), [
    "GET /v1/approvals?run=r&limit=1",
    "GET /v1/approvals?run=r&limit=1&cursor=2.x",
  ]);
});

test("code that takes longer than an answer is asked about under its key", async () => {
  const [later, done] = [document(run("running"), 202), document(run("done", { output: 42 }))];
  const asked = await far([later, DROP, later, done], async (url) => {
    const ran = await client(url).sandbox.run("python", "6 * 7", { tools: ["purchases"], files: { "a.txt": "a" } });
    assert.equal(ran.output, 42);
  });
  assert.equal(new Set(asked.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.deepEqual(asked[0].body.files, { "a.txt": "YQ==" });
  await far([later], (url) => assert.rejects(client(url).sandbox.run("python", "6 * 7", { timeoutMs: 0 }), TimedOut));
});

test("a stream that breaks off goes on behind its last event", async () => {
  const end = events([entry(3), ["end", "3", run("done")]]);
  const asked = await far([events([entry(1), entry(2)], { cut: true }), DROP, problem(503, "journal"), end], async (url) => {
    const seen = await all(client(url).runs.events("r"));
    assert.deepEqual(seen.map(({ event, id }) => id + event), ["1entry", "2entry", "3entry", "3end"]);
  });
  assert.deepEqual(asked.map(({ headers }) => headers["last-event-id"]), [undefined, "2", "2", "2"]);
});

test("a stream that ends with a problem has given what came before it", async () => {
  const failed = ["problem", "1", { status: 500, kind: "host_bug", detail: "d" }];
  await far([events([entry(1), failed])], async (url) => {
    const stream = client(url).runs.events("r");
    assert.equal((await stream.next()).value.id, "1");
    await assert.rejects(stream.next(), (error) => error instanceof Problem && error.kind === "host_bug");
  });
});

test("a stream that no attempt opens is given up", async () => {
  const asked = await far(Array(4).fill(problem(503, "journal")), async (url) => {
    await assert.rejects(all(client(url).runs.events("r")), Problem);
  });
  assert.equal(asked.length, 4);
});

test("a stream that is not read on is closed and one whose signal is aborted ends with its reason", async () => {
  await far([events([entry(1)], { cut: true }), events([entry(1)], { cut: true })], async (url) => {
    assert.equal((await all(client(url).runs.events("r"), 1)).length, 1);
    const controller = new AbortController();
    const stream = client(url).runs.events("r", { signal: controller.signal });
    await stream.next();
    controller.abort(new Error("enough"));
    await assert.rejects(stream.next(), /enough/);
  });
});

test("who has all of a run that has ended sees nothing more", async () => {
  await far([{ status: 204 }], async (url) => {
    assert.deepEqual(await all(client(url).runs.events("r", { lastEventId: "7" })), []);
  });
});

test("all runs are followed over streams that end", async () => {
  const lines = [1, 2].map((at) => events([["run", `${at}.r`, { run_id: "r", status: "waiting" }]]));
  const asked = await far(lines, async (url) => {
    const seen = await all(client(url).runs.changes({ status: ["waiting"], needsMe: true }), 2);
    assert.deepEqual(seen.map(({ id }) => id), ["1.r", "2.r"]);
  });
  assert.equal(asked[0].what, "GET /v1/events?status=waiting&needs_me=true");
  assert.equal(asked[1].headers["last-event-id"], "1.r");
});

test("a wait ends where the run stands still and one for its end goes on", async () => {
  const answers = [document(run("running")), events([entry(1), entry(2)], { cut: true }), document(run("waiting"))];
  await far(answers, async (url) => assert.equal((await client(url).runs.wait("r")).status, "waiting"));
  await far([...answers, events([["end", "2", run("done")]])], async (url) => {
    assert.equal((await client(url).runs.wait("r", { ended: true })).status, "done");
  });
});

test("a wait with a time ends with it", async () => {
  await far([document(run("running")), events([], { cut: true })], (url) => {
    return assert.rejects(client(url).runs.wait("r", { timeoutMs: 0 }), TimedOut);
  });
});

test("events are read whatever the chunks and the ends of lines", () => {
  const text = "retry: 9\r\nevent: run\r\nid: 7\rdata: {\ndata:é}\n\n: alive\n\nid\ndata\n\nevent: x\n\n";
  const bytes = new TextEncoder().encode(text);
  const whole = [{ name: "run", data: "{\né}", id: "7" }, { name: "message", data: "", id: "" }];
  assert.deepEqual(new Parser().feed(bytes), whole);
  const parser = new Parser();
  assert.deepEqual([...bytes].flatMap((byte) => parser.feed(Uint8Array.of(byte))), whole);
});

test("a path keeps the slashes of a key alone", () => {
  assert.equal(path("tools", "a/b", "c?d"), "/v1/tools/a%2Fb/c%3Fd");
  assert.equal(path("runs", "r", "approvals", "turn-1/call-1"), "/v1/runs/r/approvals/turn-1/call-1");
  assert.equal(nextPage('</v1/runs?cursor=1>; rel="prev"'), undefined);
});

test("a name that would lead to another path is refused and nothing is asked", async () => {
  for (const names of [["sessions", "..", "fork"], ["runs", "r", "approvals", "../stop"], ["tools", "."], ["tools", "a/.."]]) {
    assert.throws(() => path(...names), StockadeError);
  }
  assert.equal(path("tools", "...", "a..b"), "/v1/tools/.../a..b");
  const asked = await far([], (url) => assert.rejects(async () => client(url).runs.signal("r", "../stop"), StockadeError));
  assert.deepEqual(asked, []);
});
