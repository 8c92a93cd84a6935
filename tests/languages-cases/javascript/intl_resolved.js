console.log(new Intl.NumberFormat("de-DE").resolvedOptions());
console.log(new Intl.NumberFormat("en-US", { style: "currency", currency: "eur", notation: "compact" }).resolvedOptions());
console.log(new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3, useGrouping: true }).resolvedOptions());
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 });
for (const text of ["12345678901234567890.55", "-0.1000000000000000055", "1e25", "  42.50 ", "9007199254740993", "-0", "abc", ""]) console.log(JSON.stringify(text), exact.format(text));
const price = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", trailingZeroDisplay: "stripIfInteger" });
console.log(price.format(5), price.format(5.5), price.format(1234.004), price.format(0), price.format(-3));
