const rows = [{ id: 1, price: "12.50", qty: "3" }, { id: 2, price: "", qty: "1" }, { id: 3, price: "n/a", qty: null }, { id: 4, price: "1,299.00", qty: "2" }];
const number = (text) => { const value = Number(String(text ?? "").replaceAll(",", "")); return text === "" || text == null || Number.isNaN(value) ? null : value; };
const cleaned = rows.map(({ id, price, qty }) => ({ id, price: number(price), qty: number(qty) }));
const prices = cleaned.map((row) => row.price).filter((value) => value !== null);
const mean = prices.reduce((sum, value) => sum + value, 0) / prices.length;
console.table(cleaned);
({ mean, missing: cleaned.filter((row) => row.price === null).map((row) => row.id), filled: cleaned.map((row) => row.price ?? mean) });
