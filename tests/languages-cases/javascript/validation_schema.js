const schema = { name: { type: "string", required: true, max: 5 }, age: { type: "number", min: 0 }, tags: { type: "array", of: { type: "string" } }, role: { enum: ["admin", "user"] } };
const check = (value, rule, path) => {
  if (value === undefined) return rule.required ? [`${path} is required`] : [];
  const type = Array.isArray(value) ? "array" : typeof value, errors = [];
  if (rule.type && type !== rule.type) return [`${path} is ${type}, not ${rule.type}`];
  if (rule.max && value.length > rule.max) errors.push(`${path} is longer than ${rule.max}`);
  if (rule.min !== undefined && value < rule.min) errors.push(`${path} is less than ${rule.min}`);
  if (rule.enum && !rule.enum.includes(value)) errors.push(`${path} is not one of ${rule.enum.join(", ")}`);
  return errors.concat(rule.of ? value.flatMap((one, at) => check(one, rule.of, `${path}[${at}]`)) : []);
};
const validate = (row) => Object.entries(schema).flatMap(([key, rule]) => check(row[key], rule, key));
[validate({ name: "Ada", age: 3, tags: ["x"], role: "user" }), validate({ name: "Adelaide", age: -1, tags: ["x", 1], role: "root" }), validate({})];
