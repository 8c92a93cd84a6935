const markdown = `# Release *notes*

We fixed **three** bugs & added \`<Map>\` support:

- Faster [search](https://example.com/?q=1&r=2)
- Fewer _surprises_
  in lists

1. First
2. Second

> Quoted **text**
> goes on

\`\`\`js
if (a < b && c) { x = "*not bold*"; }
\`\`\`

| Name | Count |
|:-----|------:|
| a\\|b | 1 |
| *c*  | 22 |
`;
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
function inline(text) {
  const codes = [];
  return escape(text.replace(/`([^`]+)`/g, (_, code) => `\u0000${codes.push(code) - 1}\u0000`))
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>')
    .replace(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, "<strong>$2</strong>")
    .replace(/(?<![\w*])([*_])(?=\S)(.+?)(?<=\S)\1(?![\w*])/g, "<em>$2</em>")
    .replace(/\u0000(\d+)\u0000/g, (_, i) => `<code>${escape(codes[i])}</code>`);
}
const rules = [
  [/^(#{1,6}) (.+)\n+/, (_, { length }, text) => `<h${length}>${inline(text)}</h${length}>`],
  [/^```(\w*)\n([\s\S]*?)\n```\n*/, (_, lang, code) => `<pre><code${lang ? ` class="language-${lang}"` : ""}>${escape(code)}</code></pre>`],
  [/^(?:> ?.*\n)+\n*/, (all) => `<blockquote>${inline(all.trim().replace(/^> ?/gm, ""))}</blockquote>`],
  [/^(?:[-*] .+\n(?: {2}.+\n)*)+\n*/, (all) => `<ul>${all.trim().split(/\n(?=[-*] )/).map((item) => `<li>${inline(item.slice(2).replace(/\n {2}/g, " "))}</li>`).join("")}</ul>`],
  [/^(?:\d+\. .+\n)+\n*/, (all) => `<ol>${all.trim().split("\n").map((item) => `<li>${inline(item.replace(/^\d+\. /, ""))}</li>`).join("")}</ol>`],
  [/^(?:\|.*\|\n)+\n*/, (all) => {
    const [head, marks, ...body] = all.trim().split("\n").map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
    const row = (cells, tag) => `<tr>${cells.map((cell, i) => `<${tag}${/^-+:$/.test(marks[i]) ? ' align="right"' : ""}>${inline(cell)}</${tag}>`).join("")}</tr>`;
    return `<table>${row(head, "th")}${body.map((cells) => row(cells, "td")).join("")}</table>`;
  }],
  [/^(.+(?:\n(?!\n).+)*)\n*/, (_, text) => `<p>${inline(text)}</p>`],
];
const html = [];
for (let left = markdown; left;) {
  const rule = rules.find(([pattern]) => pattern.test(left));
  const [all] = left.match(rule[0]);
  html.push(all.replace(...rule));
  left = left.slice(all.length);
}
console.log(html.join("\n"));
return html.length;
