const { inspect } = require("util");
console.log({ $x: 1, $: 2, a1_: 3 }, { ["__proto__"]: 1 }, new Set(Array.from({ length: 103 }, (_, at) => at)));
console.log(inspect(new Map(Array.from({ length: 101 }, (_, at) => [at, at]))).slice(-40));
class Day extends Date {}
class Pattern extends RegExp {}
class Shop {}
class Store extends Shop {}
console.log(Buffer.alloc(0), new Day(0), new Pattern("x", "g"), Object(Symbol("q")), Object(1n), Object.assign(new Day(0), { a: 1 }), Object.assign(Object(Symbol("q")), { a: 1 }));
console.log(Shop.prototype, Store.prototype, Object.create(Shop.prototype), [new AbortController()], AbortSignal.abort("x"), new (class Bus extends EventTarget {})());
const all = [new Event("a"), new CustomEvent("x"), new EventTarget(), new AbortController(), new AbortController().signal, new TextEncoder(), new TextDecoder(), new ReadableStream(), new WritableStream(), new TransformStream(),
    console, process, globalThis, new URLSearchParams(), new URLSearchParams("a=1").entries(), new URL("http://a"), new Headers(), new Blob([]), new FormData(), new DOMException("x"), new Intl.NumberFormat(), Intl];
console.log(all.map((one) => Object.prototype.toString.call(one).slice(8, -1)).join(", "));
const query = new URLSearchParams("a=1&b=2"), pairs = query.entries();
console.log(pairs, query.keys(), query.values(), pairs.next(), pairs, [...pairs], pairs.next());
console.table([1, { a: 1 }, [2, 3], "x", null]);
// Errors: of classes without a name of their own, and without a stack.
class ValidationError extends Error {}
class Refusal extends Error {}
class Named extends Error { constructor(message) { super(message); this.name = "NamedError"; this.code = 5; } }
const first = (error) => inspect(error).split("\n")[0], bare = Object.assign(new ValidationError("m"), { stack: "ValidationError: m" });
console.log([new ValidationError("bad"), new Refusal("bad"), new Refusal(""), new Named("n"), new TypeError("t"), new DOMException("d", "AbortError"), Object.assign(new Error("e"), { name: "Custom" })].map(first));
console.log({ bare }, [bare], Object.assign(bare, { code: 1 }));
// What a value says of itself.
class Money { constructor(amount) { this.amount = amount; } [inspect.custom](depth, options, show) { return `${options.stylize("Money", "special")}<${depth} ${show(this.amount, options)}>`; } }
class Lines { [inspect.custom]() { return "one\ntwo"; } }
class Other { [inspect.custom]() { return { a: 1, b: "two" }; } }
class Options { [inspect.custom](depth, options) { return Object.keys(options).sort().join(" "); } }
console.log(new Money({ x: 1, y: [1, 2] }), [new Money(1)], { m: new Money("z") }, new Lines(), [new Lines()], { a: { n: new Lines() } }, [new Other()], new Options());
console.log(JSON.stringify(inspect(new Money(1), { colors: true })));
// A console of one's own, and what is printed in another place.
const { Console } = require("console"), lines = [], stream = Object.assign(new (require("events"))(), { write: (text) => { lines.push(text); } }), own = new Console({ stdout: stream });
own.group("head");
own.log("%s is %d", "a", 1, [2]);
own.error("wrong");
own.groupEnd();
own.table([{ a: 1 }]);
const { write } = process.stdout;
process.stdout.write = (text) => { lines.push(text); return true; };
console.log("caught", { a: 1 });
process.stdout.write = write;
console.log(lines, console instanceof Console, typeof console.Console);
