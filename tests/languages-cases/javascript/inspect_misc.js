class P { constructor() { this.x = 1; } }
const loop = { name: "loop" };
loop.self = loop;
console.log(new P(), loop, [new P()], /re/g, new Date(0), [function named() {}, () => {}, class A {}], "top", ["in 'quotes'"], Object.create(null), new Error("boom").message, [1n, true]);
console.log(new (class extends Map {})([[1, 2]]).size, [Symbol.iterator], { s: "a\nb" }, process.argv.length > 0);
return true;
