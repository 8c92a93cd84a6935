const order = { id: 7, customer: { name: "Ada", tags: ["x", "y"] }, total: undefined };
const { id, customer: { name, tags: [firstTag, ...others] }, total = 100, ...rest } = order;
const f = ({ a = 1, b } = {}, ...more) => [a, b ?? null, more];
return [id, name, firstTag, others, total, rest, f(), f({ b: 2 }, 3, 4)];
