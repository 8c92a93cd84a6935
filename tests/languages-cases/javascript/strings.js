const s = "  Hello, World  ".trim();
return [s.toLowerCase(), s.split(", "), s.padStart(14, "*"), s.slice(-5), s.indexOf("W"), s.at(-1), "ab".repeat(3), [..."a👍b"].length, "a-b-c".replaceAll("-", "+"), s.startsWith("Hell"), "abc".codePointAt(1), "Straße".normalize("NFD").length, "b".localeCompare("a")];
