const rows = ["1", "true", "", "3.5", "2024-01-01", "null", "0x10", "1e3", " 7 ", "abc", "NaN"];
const coerce = (text) => { const trimmed = text.trim(); if (trimmed === "" || trimmed === "null") return null; if (/^(true|false)$/.test(trimmed)) return trimmed === "true"; if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed)) return Number(trimmed); return trimmed; };
[rows.map(coerce), rows.map((row) => typeof coerce(row)), Number(""), Number(" 12 "), parseInt("12px"), parseFloat("3.14abc"), +"0b11", Number.isInteger(5.0), [10, 9, 1].sort(), [10, 9, 1].sort((a, b) => a - b)];
