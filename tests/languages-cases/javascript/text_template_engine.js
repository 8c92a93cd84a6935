// {{name}}, {{{raw}}}, {{#each}}, {{#if}}/{{else}}, filters with arguments.
const filters = {
  upper: (value) => String(value).toUpperCase(),
  money: (value, currency = "USD") => Number(value).toLocaleString("en-US", { style: "currency", currency }),
  date: (value) => new Date(value).toISOString().slice(0, 10),
  truncate: (value, length) => (value.length > length ? `${value.slice(0, length - 1)}…` : value),
  default: (value, other) => value ?? other,
};
const escape = (value) => String(value ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt()};`);
function compile(template) {
  const tokens = template.split(/(\{\{\{[^}]*\}\}\}|\{\{[^}]*\}\})/).filter(Boolean);
  const parse = (until = []) => {
    const nodes = [];
    while (tokens.length) {
      const token = tokens.shift();
      const tag = /^\{\{([#/]?)\s*(\w+)?\s*(.*?)\s*\}\}$/s.exec(token);
      if (!token.startsWith("{{")) nodes.push(() => token);
      else if (token.startsWith("{{{")) { const path = token.slice(3, -3).trim(); nodes.push((scope) => evaluate(path, scope)); }
      else if (until.includes(`${tag[1]}${tag[2]}`)) return { nodes, end: tag[2] };
      else if (tag[1] === "#" && tag[2] === "each") {
        const { nodes: body } = parse(["/each"]);
        nodes.push((scope) => (evaluate(tag[3], scope) ?? []).map((item, index, { length }) => render(body, { ...scope, this: item, ...(typeof item === "object" ? item : {}), "@index": index, "@last": index === length - 1 })).join(""));
      } else if (tag[1] === "#" && tag[2] === "if") {
        const yes = parse(["else", "/if"]), no = yes.end === "else" ? parse(["/if"]).nodes : [];
        nodes.push((scope) => render(evaluate(tag[3], scope) ? yes.nodes : no, scope));
      } else nodes.push((scope) => escape(evaluate(token.slice(2, -2).trim(), scope)));
    }
    if (until.length) throw new SyntaxError(`expected ${until.join(" or ")} before the end`);
    return { nodes };
  };
  const evaluate = (text, scope) => {
    const [path, ...pipes] = text.split("|").map((part) => part.trim());
    const value = path.split(".").reduce((at, key) => at?.[key], scope);
    return pipes.reduce((all, pipe) => { const [name, ...args] = pipe.split(/[:\s]+/); if (!(name in filters)) throw new ReferenceError(`no filter ${name}`); return filters[name](all, ...args); }, value);
  };
  const render = (nodes, scope) => nodes.map((node) => node(scope)).join("");
  const { nodes } = parse();
  return (data) => render(nodes, data);
}
const invoice = compile(`Invoice for {{customer.name | upper}} ({{customer.tag}}{{customer.vat | default none}})
{{#each items}}{{@index}}. {{name | truncate 12}} {{price | money EUR}}{{#if free}} FREE{{else}}{{#if @last}} last{{/if}}{{/if}}
{{/each}}{{#if notes}}{{{notes}}}{{else}}No notes{{/if}} {{due | date}}`);
console.log(invoice({ customer: { name: "O'Neil & Co", tag: "<b>" }, items: [{ name: "Mechanical keyboard", price: 129.9 }, { name: "Sticker", price: 0, free: true }, { name: "Mouse", price: "49.5" }], notes: "<i>Thanks</i>", due: 1751328000000 }));
const failures = ["{{#each items}}x", "{{a | shout}}"].map((text) => { try { return compile(text)({ a: 1 }); } catch (error) { return `${error.name}: ${error.message}`; } });
failures;
