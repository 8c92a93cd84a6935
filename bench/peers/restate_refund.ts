// The refund workflow on Restate, with its TypeScript SDK: a server and its service, each in a process of its own.
// Usage: RESTATE_LOGGING=ERROR node --import tsx restate_refund.ts FOLDER

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as restate from "@restatedev/restate-sdk";
import Database from "better-sqlite3";

// The SDK wants this of Node 22.
(Promise as any).withResolvers ??= <T>() => {
  let resolve!: (value: T) => void, reject!: (why: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const folder = process.argv[2]!;

// The shop, as in shop.py: bookings survive a power loss.
const shop = new Database(join(folder, "shop.db"));
shop.pragma("journal_mode = WAL");
shop.exec(`
  CREATE TABLE IF NOT EXISTS purchases (
    user_id TEXT PRIMARY KEY, item TEXT NOT NULL, price_cents INTEGER NOT NULL, days_ago INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, amount_cents INTEGER NOT NULL);
  INSERT OR IGNORE INTO purchases VALUES ('user_123', 'Premium Subscription', 14900, 12),
    ('user_456', 'Basic License', 4900, 45), ('user_789', 'Starter License', 7900, 5);`);
const select = shop.prepare("SELECT item, price_cents, days_ago FROM purchases WHERE user_id = ?");
const insert = shop.prepare("INSERT OR IGNORE INTO refunds (idempotency_key, user_id, amount_cents) VALUES (?, ?, ?)");
const booked = shop.prepare("SELECT id FROM refunds WHERE idempotency_key = ?").pluck();

type Purchase = { item: string; price_cents: number; days_ago: number };

const find = (userId: string) => select.get(userId) as Purchase;
const withinWindow = (daysAgo: number) => daysAgo <= 30;
const needsApproval = (priceCents: number) => priceCents > 10_000;
const refund = (key: string, userId: string, amountCents: number) => {
  insert.run(key, userId, amountCents);
  return booked.get(key) as number;
};
const letter = (outcome: string, amountCents = 0) =>
  outcome === "processed"
    ? `Dear customer,\n\nYour refund of $${(amountCents / 100).toFixed(2)} is on its way.\n\nCustomer Care`
    : "Dear customer,\n\nWe cannot refund this purchase.\n\nCustomer Care";

type Input = { user_id: string; request: string };

// The person who is asked: approves at once, from outside.
let ask = (_run: string) => {};

const refunds = restate.workflow({
  name: "refunds",
  handlers: {
    run: async (ctx: restate.WorkflowContext, input: Input) => {
      const { price_cents, days_ago } = await ctx.run("find", () => find(input.user_id));
      if (!(await ctx.run("within_window", () => withinWindow(days_ago)))) {
        return await ctx.run("letter", () => letter("too_old"));
      }
      if (await ctx.run("needs_approval", () => needsApproval(price_cents))) {
        await ctx.run("ask", () => ask(ctx.key));
        if (!(await ctx.promise<boolean>("approval"))) {
          return await ctx.run("letter", () => letter("declined"));
        }
      }
      await ctx.run("refund", () => refund(`${ctx.key}/refund`, input.user_id, price_cents));
      return await ctx.run("letter", () => letter("processed", price_cents));
    },
    approve: async (ctx: restate.WorkflowSharedContext, approved: boolean) => {
      await ctx.promise<boolean>("approval").resolve(approved);
    },
  },
});

const freePort = () =>
  new Promise<number>((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

async function post(url: string, body: unknown) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

async function answers(url: string) {
  for (let tries = 0; tries < 300; tries++) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`${url} does not answer`);
}

const require = createRequire(import.meta.url);
const manifest = require.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/package.json`);
const binary = join(manifest, "../bin/restate-server");
const [node, ingress, admin, service] = [await freePort(), await freePort(), await freePort(), await freePort()];
const env = {
  ...process.env,
  RESTATE_DISABLE_TELEMETRY: "true",
  RESTATE_LISTEN_MODE: "tcp",
  RESTATE_BIND_IP: "127.0.0.1",
  RESTATE_BIND_PORT: String(node),
  RESTATE_INGRESS__BIND_PORT: String(ingress),
  RESTATE_ADMIN__BIND_PORT: String(admin),
  RESTATE_BASE_DIR: join(folder, "restate-data"),
  RESTATE_LOG_FILTER: "off",
};
const config = execFileSync(binary, ["--dump-config"], { env, encoding: "utf8" });
const server = spawn(binary, ["--no-logo"], { env, stdio: ["ignore", 2, 2] });
process.on("exit", () => server.kill("SIGKILL"));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(1));
server.on("exit", (code) => process.exit(code ?? 1));

await restate.serve({ services: [refunds], port: service });
await answers(`http://127.0.0.1:${admin}/health`);
await post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${service}` });
await answers(`http://127.0.0.1:${ingress}/restate/health`);

const run = (key: string, handler: string, body: unknown) =>
  post(`http://127.0.0.1:${ingress}/refunds/${key}/${handler}`, body);
ask = (key) => void run(key, "approve", true);

// Of ten runs, one is refused and two wait for a person.
const customer = (number: number) =>
  number % 10 === 0 ? "user_456" : number % 10 === 4 || number % 10 === 8 ? "user_123" : "user_789";

async function mix(runs: number, inFlight: number) {
  let next = 0;
  const worker = async () => {
    while (next < runs) {
      const input = { user_id: customer(next++), request: "not what I expected" };
      if (!(await run(crypto.randomUUID(), "run", input)).includes("Dear customer")) throw new Error("no letter");
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

// The time of this process and of the server. Linux counts that of others in hundredths of a second.
function cpuUs() {
  const { user, system } = process.cpuUsage();
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return user + system + (Number(fields[11]) + Number(fields[12])) * 10_000;
}

const unsynced = /rocksdb-disable-wal(-fsync)? = true/.test(config);
const settings = `Restate 1 node, ${/default-provider = "(.*)"/.exec(config)?.[1]} log, fsync of its log ${unsynced ? "off" : "on"}`;
console.log(JSON.stringify({ settings, survives: unsynced ? "a killed process" : "power loss" }));
for await (const line of createInterface({ input: process.stdin })) {
  const [, runs, inFlight] = line.split(" ");
  const before = cpuUs();
  await mix(Number(runs), Number(inFlight));
  console.log(cpuUs() - before);
}
process.exit(0);
