let nested = {};
for (let depth = 0; depth < 30; depth++) nested = { a: nested, b: nested };
require("util").inspect(nested, { depth: Infinity }).length
