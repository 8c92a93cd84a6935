console.log([undefined, null, -0, 1n, "it's", Symbol("s"), () => {}, class A {}, function named() {}]);
console.log(new Map([["a", { b: [1, 2] }]]), new Set(["x"]), new Date(0), /re/g, new Uint8Array(3), Buffer.from("hi"));
console.log({ get a() { return 1; }, set b(v) {}, [Symbol("k")]: 1, "quoted-key": 2, nested: { a: { b: { c: 1 } } } });
console.log([1, , 3], [[[[1]]]], Object.create(null), new (class Point { x = 1; })(), [..."abcdefghijklmnopqrstuvwxyz"], "%d%%", 5);
console.log("%s|%d|%i|%f|%j|%%|%c.", "s", "42", 3.9, "1.5", [1], "css");
console.log([{ id: 1, name: "a rather long name for a row", tags: ["one", "two", "three"], nested: { deep: true, list: [1, 2, 3] } }, { id: 2 }]);
console.log(new Map([["key", { id: 1, title: "another long text for a title here", tags: ["one", "two", "three"], more: "text" }]]));
