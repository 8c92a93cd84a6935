const template = "Hello {{ user.name }}, you owe {{amount|money}} since {{ date | upper }}. {{missing}}";
const data = { user: { name: "Ada" }, amount: 1234.5, date: "may" };
const filters = { money: (value) => `$${value.toFixed(2)}`, upper: (value) => value.toUpperCase() };
template.replace(/\{\{\s*([\w.]+)\s*(?:\|\s*(\w+)\s*)?\}\}/g, (all, path, filter) => {
  const value = path.split(".").reduce((at, key) => at?.[key], data);
  return value === undefined ? all : filter ? filters[filter](value) : value;
});
