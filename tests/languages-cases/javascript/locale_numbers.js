const price = 1234567.891;
console.log(price.toLocaleString());
console.log(price.toLocaleString("de-DE", { style: "currency", currency: "EUR" }));
for (const locale of ["en-US", "en-GB", "en-IN", "de", "fr-FR", "es-ES", "sv-SE", "pt-BR", "ja-JP", "de-CH"]) {
    console.log(locale, price.toLocaleString(locale), (-0.256).toLocaleString(locale, { style: "percent", maximumFractionDigits: 1 }));
    for (const currency of ["USD", "EUR", "JPY", "CHF"]) {
        console.log(currency, (-1234.5).toLocaleString(locale, { style: "currency", currency }));
    }
}
const short = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
console.log([1.005, 0.5, 1e21, -0, NaN, Infinity].map(short.format).join(" | "));
console.log((12).toLocaleString("en-US", { minimumIntegerDigits: 3 }), (0.00012345).toLocaleString("en-US", { maximumSignificantDigits: 2 }));
console.log(123456789012345678901234567890n.toLocaleString("de-DE"), [1234.5, 6].toLocaleString("de-DE"), (5).toLocaleString("en-US", { signDisplay: "always" }));
try {
    (1).toLocaleString("en-US", { style: "currency" });
} catch (error) {
    console.log(error.name);
}
(99.99).toLocaleString("en-US", { style: "currency", currency: "USD" })
