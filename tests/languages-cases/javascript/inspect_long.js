console.log(Array.from({ length: 30 }, (_, i) => i * 10));
console.log(Array.from({ length: 120 }, (_, i) => i));
console.log({ name: "a long enough name", description: "and a description that goes past the line", tags: ["one", "two"] });
console.log(["apple", "banana", "cherry", "dragonfruit", "elderberry", "fig", "grape", "honeydew"]);
console.log({ list: [{ id: 1, name: "first" }, { id: 2, name: "second" }], nested: new Map([["k", { v: [1, 2, 3] }]]) });
return null;
