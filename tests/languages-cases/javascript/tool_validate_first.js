// Checks arguments before a call, tells what a tool refused, and gives up after too many errors in a row.
const asks = [{ user_id: "user_123" }, { user_id: 7 }, {}, { user_id: "user_789", extra: true }, { user_id: "user_789" }];
const schema = { user_id: (value) => typeof value === "string" || `user_id is a ${typeof value}` };
const check = (ask) => Object.entries(schema).flatMap(([key, rule]) => { const verdict = key in ask ? rule(ask[key]) : `${key} is missing`; return verdict === true ? [] : [verdict]; });
const done = [], refused = [];
let inARow = 0;
outer: for (const [i, ask] of asks.entries()) {
  const problems = check(ask);
  for (const skip of [true, false]) {
    if (skip && problems.length) { refused.push({ i, problems }); continue; }
    if (!skip && !problems.length) continue;
    try {
      done.push([i, (await purchases.find(ask)).price_cents]);
      inARow = 0;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      refused.push({ i, kind: error.kind });
      if (++inARow >= 3) break outer;
    }
  }
}
console.log(refused);
return { done, inARow };
