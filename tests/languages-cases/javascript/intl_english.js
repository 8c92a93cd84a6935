const list = new Intl.ListFormat("en", { style: "long", type: "conjunction" }), plural = new Intl.PluralRules("en-US"), ordinal = new Intl.PluralRules("en-US", { type: "ordinal" });
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const suffix = { one: "st", two: "nd", few: "rd", other: "th" };
console.log(list.format(["Ada", "Grace", "Alan"]));
[[0, 1, 2].map((n) => `${n} ${{ one: "item", other: "items" }[plural.select(n)]}`), [1, 2, 3, 4, 11, 22, 103].map((n) => n + suffix[ordinal.select(n)]), ago.format(-1, "day"), ago.format(3, "weeks"), ago.format(0, "month")];
