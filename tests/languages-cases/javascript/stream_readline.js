const readline = require("readline"), { Readable } = require("stream");
const lines = [];
for await (const line of readline.createInterface({ input: Readable.from(["name,age\r\nAda,", "36\nGra", "ce,85"]), crlfDelay: Infinity })) lines.push(line.split(","));
const [head, ...rows] = lines;
return rows.map((row) => Object.fromEntries(row.map((cell, at) => [head[at], cell])));
