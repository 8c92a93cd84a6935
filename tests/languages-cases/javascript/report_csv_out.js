const rows = [{ id: 1, note: 'said "hi"', tags: ["a", "b"] }, { id: 2, note: "line\nbreak", tags: [] }, { id: 3, note: "plain, comma", tags: null }];
const cell = (value) => { const text = value == null ? "" : Array.isArray(value) ? value.join(";") : String(value); return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; };
const csv = [Object.keys(rows[0]).join(","), ...rows.map((row) => Object.values(row).map(cell).join(","))].join("\r\n");
console.log(csv);
csv.length;
