const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const html = (parts, ...values) => parts.reduce((out, part, at) => out + part + (at < values.length ? (Array.isArray(values[at]) ? values[at].join("") : escape(values[at])) : ""), "");
const rows = [{ name: "A & B", value: 1 }, { name: "<script>", value: 2 }];
html`<table>${rows.map((row) => html`<tr><td>${row.name}</td><td>${row.value}</td></tr>`)}</table>`;
