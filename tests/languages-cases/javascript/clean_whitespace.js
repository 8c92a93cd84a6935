const rows = ["  Ada Lovelace ", "grace\tHOPPER", " alan   turing", "", null, "Edsger  W. Dijkstra"];
const clean = rows.filter((row) => row?.trim()).map((row) => row.trim().replace(/\s+/g, " ").toLowerCase().replace(/\b\p{L}/gu, (c) => c.toUpperCase()));
console.log(clean);
clean.map((name) => ({ name, initials: name.split(" ").map((part) => part[0]).join("") }));
