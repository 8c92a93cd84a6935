const machine = { idle: { submit: "pending" }, pending: { approve: "done", reject: "idle", cancel: "idle" }, done: {} };
const run = (events) => events.reduce(({ state, log }, event) => { const next = machine[state][event]; return next ? { state: next, log: [...log, `${state} -${event}-> ${next}`] } : { state, log: [...log, `${state} ignores ${event}`] }; }, { state: "idle", log: [] });
run(["approve", "submit", "reject", "submit", "approve", "submit"]);
