const age = (born, on) => { const [a, b] = [new Date(born), new Date(on)]; let years = b.getUTCFullYear() - a.getUTCFullYear(); if ([b.getUTCMonth(), b.getUTCDate()] < [a.getUTCMonth(), a.getUTCDate()]) years--; return years; };
const days = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / 864e5);
[age("2000-02-29", "2024-02-28"), age("1990-06-15", "2024-06-15"), days("2024-02-01", "2024-03-01"), days("2023-02-01", "2023-03-01")];
