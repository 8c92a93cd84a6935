const { inspect, format } = require("util");
const letter = { to: "Ada", body: "Dear Ada,\nthe report that you asked for is ready.\nIt has three parts, and a table.\n", lines: ["short", "one\ntwo\nthree of these lines are long enough to be told one below the other"] };
console.log(letter);
console.log(["a\nb", `${"long ".repeat(18)}\nend`]);
console.log(new Map([["notes", `first of the lines\n${"and more ".repeat(8)}\nlast`]]));
console.log({ bytes: new ArrayBuffer(4), view: new DataView(Uint8Array.of(1, 255).buffer), many: new ArrayBuffer(120) });
console.log("%O and %o", { a: { b: { c: { d: 1 } } } }, { x: 1 });
console.log(format("%O", "text"), inspect("a\nb".repeat(20), { compact: true }), inspect("q".repeat(30), { maxStringLength: 10 }));
inspect(letter, { breakLength: 40 }).split("\n").length;
