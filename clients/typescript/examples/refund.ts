import { Stockade } from "stockade-client";

const stockade = new Stockade();
const order = { user_id: "user_123", request: "not what I expected" };
const { run_id } = await stockade.runs.start("refund", order, { key: "order-8" });
await stockade.runs.wait(run_id);
for await (const question of stockade.approvals.list({ run: run_id })) {
  console.log(question.tool, JSON.stringify(question.arguments), question.reason);
  await stockade.approvals.approve(question, { comment: "fine" });
}
for await (const event of stockade.runs.events(run_id)) {
  console.log(event.event === "end" ? event.data.status : event.data.change);
}
const code = "return (await purchases.find({user_id: input})).price_cents";
console.log((await stockade.sandbox.run("javascript", code, { input: "user_123", tools: ["purchases"] })).output);
