const rows = [{ name: "a", price: 5, tag: "x" }, { name: "b", price: 50, tag: "y" }, { name: "c", price: 15, tag: "x" }];
const compile = (query) => {
  const tests = query.split(/\s+and\s+/i).map((part) => {
    const [, field, op, raw] = /^(\w+)\s*(>=|<=|!=|=|>|<)\s*(.+)$/.exec(part);
    const value = /^['"]/.test(raw) ? raw.slice(1, -1) : Number(raw);
    return { "=": (row) => row[field] === value, "!=": (row) => row[field] !== value, ">": (row) => row[field] > value, "<": (row) => row[field] < value, ">=": (row) => row[field] >= value, "<=": (row) => row[field] <= value }[op];
  });
  return (row) => tests.every((test) => test(row));
};
[rows.filter(compile("price > 4 and tag = 'x'")), rows.filter(compile("name != 'a' AND price <= 15")).length];
