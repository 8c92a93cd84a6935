class Money { constructor(cents) { this.cents = cents; } toString() { return `$${(this.cents / 100).toFixed(2)}`; } }
class Plain { constructor() { this.a = 1; } }
class Discount extends Money {}
console.log("%s and %s, %s", new Money(1250), new Discount(99), new Plain());
console.log("%s %s %s %s", -0, 5n, Symbol("tag"), [1, [2, [3]]]);
console.log("%d %d %d %d", "42abc", [7], new Date(5), 9n);
console.log("%i %i %f %f", "0x1f", -0.4, "2.50 EUR", Symbol("no"));
console.log("%s", { toString: () => "own text" }, "%s stays", new Error("whole").message);
console.log("100%", 5, "50%% off", "%x");
console.log("%s%%", 12.5, "%d", 3);
console.log(`${new Money(5)}`, String(new Discount(700)), new Money(1) + "", [new Money(2), new Money(3)].join(" | "));
