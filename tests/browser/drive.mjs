// Uses the page in a browser. `tests/page` installs what this needs, and says where it is.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const { STOCKADE_PAGE_HOME: home, STOCKADE_PAGE_BINARY: binary, STOCKADE_PAGE_PLACE: place } = process.env;
const require = createRequire(path.join(home, "node_modules", "x"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Where nothing was compiled before, the first code waits for its language.
const WAIT_MS = 20_000;
const wrong = [];

// A server with a folder of its own.
class Server {
  static async start(name, config) {
    const server = new Server();
    server.folder = path.join(place, name);
    fs.mkdirSync(server.folder, { mode: 0o700 });
    fs.writeFileSync(path.join(server.folder, "stockade.toml"), config(server.folder));
    server.child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--data-dir", server.data], {
      cwd: server.folder, stdio: ["ignore", "ignore", "pipe"],
    });
    for await (const line of readline.createInterface({ input: server.child.stderr })) {
      const found = line.match(/serves on (http:\S+)/);
      if (found) {
        server.address = found[1];
        // What it says later is read, or it would stand still.
        server.child.stderr.resume();
        return server;
      }
      process.stderr.write(`${line}\n`);
    }
    throw new Error(`server "${name}" did not start`);
  }

  get data() {
    return path.join(this.folder, "data");
  }

  token(name, role) {
    const args = ["token", "create", name, "--role", role, "--data-dir", this.data];
    return execFileSync(binary, args, { cwd: this.folder, stdio: ["ignore", "pipe", "ignore"] }).toString().trim();
  }

  // Starts a run as a program does; returns its id.
  async run(token, body) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${this.address}/v1/runs`, { method: "POST", headers, body: JSON.stringify(body) });
    const run = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(run));
    return run.run_id;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}

const refund = (user) => ({ user_id: user, request: "not what I expected" });

const browser = await chromium.launch({
  executablePath: process.env.STOCKADE_PAGE_CHROMIUM,
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});

// Logs a person in, in a browser window of their own.
async function person(server, token, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`script: ${error}`));
  await page.goto(`${server.address}/`);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${server.address}/`);
  return page;
}

// Starts a run with the form; returns its address.
async function start(page, server, workflow, input) {
  await page.goto(`${server.address}/`);
  await page.getByText("Start a run").click();
  await page.locator("#start-workflow").selectOption(workflow);
  await page.locator("#start-input").fill(JSON.stringify(input));
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
  return page.url();
}

const has = (page, text) => page.locator("#main", { hasText: text }).waitFor();
const status = (page, name) => page.locator(`h1 .status.${name}`).waitFor();

async function decide(page, server, button) {
  await page.goto(`${server.address}/inbox`);
  await page.getByRole("button", { name: button, exact: true }).first().click();
  await page.waitForURL(/\/inbox\?decided=/);
}

async function checked(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { id, help, nodes } of violations) {
    wrong.push(`axe, ${name}: ${id}: ${help}: ${nodes.map((node) => node.target).join(" ")}`);
  }
}

// Each view as it is drawn in the light, in the dark and on a phone.
const kinds = [["light", "light", 1280, 900], ["dark", "dark", 1280, 900], ["phone", "light", 390, 844]];

async function pictures(page, server, views) {
  for (const [name, view] of Object.entries(views)) {
    await page.goto(`${server.address}${view}`);
    for (const [kind, colorScheme, width, height] of kinds) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await checked(page, `${name}, ${kind}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name}, ${kind}: the page is ${wide} pixels too wide`);
      await page.screenshot({ path: path.join(home, `${name}-${kind}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}

const scenarios = {
  async "a refund is approved, and its letter is read"({ page, server }) {
    const run = await start(page, server, "refund", refund("user_123"));
    // The view is drawn anew as the run goes on.
    await status(page, "waiting");
    await page.getByRole("link", { name: "Decide in the inbox" }).click();
    await has(page, "amount_cents");
    await page.getByLabel("Comment").first().fill("fine");
    await page.getByRole("button", { name: "Approve", exact: true }).first().click();
    await has(page, "You have approved it.");
    await page.goto(run);
    await status(page, "done");
    assert.match(await page.locator("#letter").innerText(), /refund/i);
    await page.getByText("payments.refund", { exact: true }).first().click();
    await page.locator("#entry").fill("2");
    await page.locator("#stood", { hasText: "entry 2 of" }).waitFor();
  },

  async "a refund is denied"({ page, server }) {
    const run = await start(page, server, "refund", refund("user_123"));
    await status(page, "waiting");
    await page.goto(`${server.address}/inbox`);
    await page.getByRole("link", { name: "Not now" }).click();
    await page.getByRole("heading", { name: "Not now" }).waitFor();
    await page.getByRole("link", { name: "Look at it again" }).click();
    await page.getByRole("link", { name: "Not now" }).waitFor();
    await decide(page, server, "Deny");
    await page.goto(run);
    await status(page, "done");
    await page.locator("#letter").waitFor();
  },

  async "a call is edited"({ page, server }) {
    const run = await start(page, server, "desk", { task: "refund it" });
    await status(page, "waiting");
    await page.locator(".waterfall", { hasText: "approval of payments.refund" }).waitFor();
    await page.goto(`${server.address}/inbox`);
    await page.getByText("Edit", { exact: true }).first().click();
    await page.getByLabel("Arguments, as JSON").first().fill(JSON.stringify({ user_id: "user_789", amount_cents: 4_900 }));
    await page.getByRole("button", { name: "Approve with these arguments" }).first().click();
    await has(page, "You have edited it.");
    await page.goto(run);
    await status(page, "done");
    assert.match(await page.locator(".waterfall").textContent(), /"amount_cents": 4900/);
  },

  async "a question is answered in the tool's place"({ page, server }) {
    const run = await start(page, server, "desk", { task: "refund it" });
    await status(page, "waiting");
    await page.goto(`${server.address}/inbox`);
    await page.getByText("Respond", { exact: true }).first().click();
    await page.getByLabel("Answer in the tool's place").first().fill("paid by hand");
    await page.getByLabel("Comment").last().fill("the bank was asked");
    await page.getByRole("button", { name: "Answer", exact: true }).first().click();
    await has(page, "You have answered it.");
    await page.goto(run);
    await status(page, "done");
    const said = await page.locator("#main").textContent();
    assert.match(said, /answers in place of the tool\]\\npaid by hand/);
    assert.match(said, /"comment": "the bank was asked"/);
  },

  async "a run is forked from an entry, and two are stopped at once"({ page, server, token }) {
    const run = await server.run(token, { workflow: "refund", input: refund("user_123") });
    await page.goto(`${server.address}/runs/${run}?at=2`);
    await status(page, "waiting");
    await page.getByRole("button", { name: "Fork after entry 2" }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/runs/") && !url.pathname.endsWith(run));
    const fork = new URL(page.url()).pathname.slice("/runs/".length);
    await status(page, "waiting");
    await has(page, "forked_after=2");
    await page.goto(`${server.address}/?show=needs-me`);
    for (const id of [run, fork]) await page.locator(`#run-${id} input[type=checkbox]`).check();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.waitForURL(/show=all/);
    for (const id of [run, fork]) await page.locator(`#run-${id} .status.stopped`).waitFor();
  },

  async "a run without a budget goes on once it is added to"({ page, server, token }) {
    const id = await server.run(token, { workflow: "refund", input: refund("user_123"), budget: { steps: 1 } });
    await page.goto(`${server.address}/runs/${id}`);
    await status(page, "suspended");
    await page.getByLabel("Add to the budget").selectOption("steps");
    await page.getByLabel("Amount").fill("20");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await status(page, "waiting");
  },

  async "a run is stopped with a reason"({ page, server }) {
    await start(page, server, "refund", refund("user_123"));
    await status(page, "waiting");
    await page.getByLabel("Reason").fill("not needed any more");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await status(page, "stopped");
    await has(page, "not needed any more");
  },

  async "a list shows a run that another one has started, without a reload"({ page, server, token }) {
    await page.goto(`${server.address}/?show=all`);
    await page.locator("#live", { hasText: "Live" }).waitFor();
    await page.evaluate(() => { globalThis.stays = true; });
    const id = await server.run(token, { workflow: "refund", input: refund("user_789") });
    await page.locator(`#run-${id} .status.done`).waitFor();
    assert.ok(await page.evaluate(() => globalThis.stays), "the page was loaded anew");
  },

  async "code is run in the playground, and replayed"({ page, server }) {
    await page.goto(`${server.address}/playground`);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    const result = page.locator("#result", { hasText: "fuel" });
    await result.waitFor();
    assert.match((await result.innerText()).replace(/\s/g, ""), /\[1,4,9\]/);
    await result.getByRole("link", { name: /^run / }).click();
    await page.getByText("code in javascript", { exact: true }).click();
    await page.getByRole("button", { name: "Replay this code" }).click();
    await has(page, "ended as before");
  },

  async "two people approve one call"({ both }) {
    const [dana, mia] = [await person(both, both.token("dana", "admin")), await person(both, both.token("mia", "approver"))];
    const run = await start(dana, both, "refund", refund("user_123"));
    await status(dana, "waiting");
    await decide(dana, both, "Approve");
    await has(dana, "1 of 2 approvals: dana");
    await decide(mia, both, "Approve");
    await dana.goto(run);
    await status(dana, "done");
  },

  async "a question is answered by keys alone"({ server, token }) {
    await server.run(token, { workflow: "refund", input: refund("user_123") });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.address}/inbox`);
    await page.waitForFunction(() => document.activeElement.id === "token");
    await page.keyboard.type(token);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${server.address}/inbox`);
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForURL(`${server.address}/`);
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForURL(`${server.address}/inbox`);
    await page.keyboard.press("j");
    for (let pressed = 0; pressed < 30; pressed += 1) {
      if ((await page.evaluate(() => document.activeElement.textContent)) === "Approve") break;
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await has(page, "You have approved it.");
    await context.close();
  },
};

const script = (folder) => `[model.demo]
provider = "scripted"
file = ${JSON.stringify(path.join(folder, "replies.toml"))}
price = "free"

[workflow.desk]
pattern = "react"
model = "demo"
tools = ["purchases", "payments"]
ask = ["payments"]
`;

function desk(folder) {
  const call = '{ name = "payments.refund", arguments = { user_id = "user_789", amount_cents = 7900 } }';
  const answer = (turn, reply) => `[[answer]]\nwhen = { turn = ${turn} }\nreply = ${reply}\n`;
  const replies = answer(1, `{ calls = [${call}] }`) + answer(2, '{ text = "done" }');
  fs.writeFileSync(path.join(folder, "replies.toml"), replies);
  return script(folder);
}

const server = await Server.start("one", desk);
const both = await Server.start("both", () => "[workflow.refund]\napproval = { quorum = 2 }\n");
let failed = 0;
try {
  const token = server.token("dana", "admin");
  const page = await person(server, token);
  for (const [name, scenario] of Object.entries(scenarios)) {
    const begun = performance.now();
    try {
      await scenario({ page, server, both, token });
      console.error(`page: ok ${name} (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      failed += 1;
      await page.screenshot({ path: path.join(home, "failed.png"), fullPage: true });
      console.error(`page: FAILED ${name} at ${page.url()}: ${error.stack}`);
    }
  }
  const waiting = await server.run(token, { workflow: "refund", input: refund("user_123") });
  await page.goto(`${server.address}/runs/${waiting}`);
  await status(page, "waiting");
  const views = { runs: "/?show=all", run: `/runs/${waiting}`, inbox: "/inbox", tools: "/tools", tool: "/tools/policy" };
  await pictures(page, server, { ...views, playground: "/playground", memory: "/memory", spend: "/spend", doctor: "/doctor" });
} catch (error) {
  failed += 1;
  console.error(`page: FAILED ${error.stack}`);
} finally {
  await browser.close();
  await Promise.all([server.stop(), both.stop()]);
}
wrong.forEach((what) => console.error(`page: ${what}`));
console.error(`page: ${failed} failed, ${wrong.length} complaints; screenshots are in ${home}`);
process.exitCode = failed || wrong.length ? 1 : 0;
