const steps = [{ name: "download", size: 1536 }, { name: "parse", size: 52428800 }, { name: "upload", size: 999 }];
const human = (bytes) => { const units = ["B", "KiB", "MiB", "GiB"]; const i = bytes && Math.min(Math.floor(Math.log2(bytes) / 10), 3); return `${(bytes / 1024 ** i).toFixed(i ? 1 : 0)} ${units[i]}`; };
const duration = (ms) => [[864e5, "d"], [36e5, "h"], [6e4, "m"], [1e3, "s"]].reduce(([left, out], [size, unit]) => (left >= size ? [left % size, [...out, Math.floor(left / size) + unit]] : [left, out]), [ms, []])[1].join(" ") || `${ms}ms`;
console.group("Pipeline");
for (const [i, { name, size }] of steps.entries()) {
  console.group(`${name}:`);
  console.info("%s of %i steps, %o", i + 1, steps.length, { size });
  console.log("size %s (%d bytes)\nsecond line is indented", human(size), size);
  console.groupEnd();
}
console.groupEnd();
process.stdout.write("progress: ");
for (let i = 1; i <= 4; i++) process.stdout.write(`[${"=".repeat(i).padEnd(4)}] ${i * 25}%${i < 4 ? " " : "\n"}`);
console.log("%c styled %s and %%", "color: red", "text", "extra", { a: 1 });
console.log("%j %f %d %i %s", { a: [1] }, "1.50x", "0x10", 42.9, Symbol("s"), "left over");
console.log("%s %s %s", null, undefined, -0, 5n, [1, [2, [3, [4]]]], () => 1, class Foo {});
console.error("warning: %d left", 3);
console.warn({ level: "warn", at: [1, 2, 3] });
console.assert(1 + 1 === 2, "never shown");
console.assert(false, "shown %s", "once");
console.count(); console.count("jobs"); console.count(); console.countReset(); console.count();
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
console.table([[1, "a"], [2, "b"]]);
console.table(steps, ["size"]);
console.table(new Map([["k", { x: 1 }], ["l", { y: 2 }]]));
console.table(5);
console.log(duration(93784000), duration(250), duration(3600000), [0, 1023, 1024, 5e9].map(human));
return steps.length;
