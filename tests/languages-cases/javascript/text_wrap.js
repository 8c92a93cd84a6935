const wrap = (text, width) => text.split(/\s+/).reduce((lines, word) => { const last = lines.at(-1); if (last !== undefined && (last + " " + word).length <= width) lines[lines.length - 1] += ` ${word}`; else lines.push(word); return lines; }, []);
const slug = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
const truncate = (text, length) => (text.length <= length ? text : `${text.slice(0, length - 1).replace(/\s+\S*$/, "")}…`);
console.log(wrap("The quick brown fox jumps over the lazy dog near the river bank", 20).join("\n"));
[slug("Příliš žluťoučký kůň! (2024)"), truncate("The quick brown fox", 12), "abc".padStart(6, "*"), "x".repeat(3), "a-b_c d".split(/[-_ ]/), "Straße".toUpperCase(), "ŽIVOT".toLowerCase(), "abc".at(-1), [..."👍🏽é"].length];
