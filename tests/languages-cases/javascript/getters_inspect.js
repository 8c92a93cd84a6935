const o = { a: 1, get b() { return 2; }, set c(v) {}, f() {}, g: class Foo {}, h: Symbol("x"), [Symbol("k")]: 1, "odd-key": null, u: undefined };
console.log(o);
console.log([1, , 3], [undefined, null], -0, [[[[1]]]], { a: { b: { c: { d: 1 } } } });
console.log("%s is %d years and %i, %j %O %%", "Ada", 36.5, 36.9, { a: 1 }, [1]);
return 1;
