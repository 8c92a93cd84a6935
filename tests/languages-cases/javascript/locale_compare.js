const words = ["zebra", "Apple", "apple", "éclair", "eclair", "Zürich", "Zurich", "file10", "file9", "straße", "strasse", "naïve", "_x", "a-b", "ab", "Ångström", "10", "9", ""];
console.log([...words].sort((a, b) => a.localeCompare(b)).join(" "));
console.log([...words].sort((a, b) => a.localeCompare(b, "en", { numeric: true })).join(" "));
console.log([...words].sort(new Intl.Collator("de-DE", { numeric: true }).compare).join(" "));
console.log("a".localeCompare("B"), "B".localeCompare("a"), "a".localeCompare("a"), "a".localeCompare("A"), "résumé".localeCompare("resume"));
console.log("résumé".localeCompare("RESUME", undefined, { sensitivity: "base" }), "a".localeCompare("á", "en", { sensitivity: "accent" }));
["item 2", "Item 10", "item 1"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" }))
