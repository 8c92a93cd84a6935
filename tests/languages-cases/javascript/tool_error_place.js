const find = (wrong) => purchases.find(wrong);
const places = (error) => error.stack.split("\n").filter((line) => line.startsWith("    at ")).map((line) => Number(/:(\d+):\d+\)?$/.exec(line)[1]));
await purchases.find({ user_id: "user_123" });
const ends = await Promise.allSettled([find({ wrong: true }), purchases.find({ wrong: 1 })]);
return ends.map((end) => places(end.reason))
