const counter = () => { let n = 0; return { step: (by = 1) => (n += by), get value() { return n; } }; };
const a = counter(), b = counter();
a.step(); a.step(5); b.step();
const fns = [];
for (let i = 0; i < 3; i++) fns.push(() => i);
return [a.value, b.value, fns.map((f) => f())];
