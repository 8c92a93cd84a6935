const balances = { a: 10n ** 20n, b: 5n };
const transfer = (from, to, amount) => { if (balances[from] < amount) throw new RangeError(`${from} has ${balances[from]}, not ${amount}`); balances[from] -= amount; balances[to] += amount; };
transfer("a", "b", 3n ** 30n);
let refused;
try { transfer("b", "a", 10n ** 30n); } catch (error) { refused = error.message; }
({ a: String(balances.a), b: String(balances.b), refused, total: String(balances.a + balances.b) });
