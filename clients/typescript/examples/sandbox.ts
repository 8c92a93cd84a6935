import { type CodeRun, Stockade } from "stockade-client";

const { readFile } = await import("node:fs/promises" as string); // as a string, it needs no types of Node
const stockade = new Stockade();
const tool = await stockade.tools.upload("rules", await readFile("rules.wasm"));
console.log(tool.name, tool.digest, JSON.stringify(tool.grants));
let run: CodeRun | undefined;
for await (const event of stockade.sandbox.stream("javascript", "console.log('so far'); return input + 1", { input: 41 })) {
  if (event.event === "output") console.log(event.data.stream, event.data.text.trimEnd());
  if (event.event === "end") run = event.data;
}
if (!run) throw new Error("the code goes on elsewhere");
const fork = await stockade.runs.fork(run.run_id);
console.log(run.output, (await stockade.runs.wait(fork.run_id)).output);
