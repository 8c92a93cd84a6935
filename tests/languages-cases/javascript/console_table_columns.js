const { inspect } = require("node:util");
console.table([{ a: 1, b: 2 }, "text", 5, [7]], ["a", "z"]);
console.table([], ["a"]);
console.table({ first: { a: 1 }, second: 10n }, ["a"]);
const many = Array.from({ length: 18 }, (_, at) => at * 37 % 251);
for (const compact of [1, 2, 3]) console.log(inspect({ many }, { compact }));
