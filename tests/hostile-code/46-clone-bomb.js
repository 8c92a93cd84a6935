const clone = () => structuredClone(Array.from({ length: 1000 }, (_, at) => ({ at, text: "x".repeat(1000) })));
const kept = [];
for (;;) kept.push(clone());
