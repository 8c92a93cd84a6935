const escape = (text) => String(text).replace(/[<>&"]/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[c]);
const h = (tag, attributes = {}, ...children) => {
  const list = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== false).map(([key, value]) => ` ${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}="${escape(typeof value === "number" ? Math.round(value * 100) / 100 : value)}"`).join("");
  const inside = children.flat(Infinity).filter((child) => child !== null && child !== false);
  return inside.length ? `<${tag}${list}>${inside.join("")}</${tag}>` : `<${tag}${list}/>`;
};
// Round steps for an axis: 1, 2 or 5 times a power of ten.
const ticks = (low, high, count = 5) => {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find((n) => n * power >= raw) * power;
  const first = Math.floor(low / step) * step, digits = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: Math.round((Math.ceil(high / step) * step - first) / step) + 1 }, (_, i) => Number((first + i * step).toFixed(digits)));
};
const scale = ([d0, d1], [r0, r1]) => (value) => r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
function lineChart(series, { width = 320, height = 160, pad = 30, title } = {}) {
  const points = Object.values(series).flat(), ys = ticks(Math.min(0, ...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y)));
  const x = scale([Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))], [pad, width - pad]), y = scale([ys[0], ys.at(-1)], [height - pad, pad]);
  const smooth = (list) => list.reduce((d, [px, py], i) => { if (!i) return `M${x(px).toFixed(1)},${y(py).toFixed(1)}`; const [qx] = list[i - 1], mx = (x(px) + x(qx)) / 2; return `${d}C${mx.toFixed(1)},${y(list[i - 1][1]).toFixed(1)} ${mx.toFixed(1)},${y(py).toFixed(1)} ${x(px).toFixed(1)},${y(py).toFixed(1)}`; }, "");
  return h("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, fontFamily: "sans-serif" },
    title && h("title", {}, escape(title)),
    ys.map((value) => h("g", { class: "tick" }, h("line", { x1: pad, x2: width - pad, y1: y(value), y2: y(value), stroke: value === 0 ? "#000" : "#ddd" }), h("text", { x: pad - 4, y: y(value) + 3, textAnchor: "end", fontSize: 9 }, value.toLocaleString("en-US")))),
    Object.entries(series).map(([name, list], i) => h("path", { d: smooth(list), fill: "none", stroke: `hsl(${i * 137.5 % 360},70%,45%)`, "data-name": name, strokeDasharray: i ? "4 2" : undefined })));
}
const svg = lineChart({ "R&D": [[0, 1200], [1, 3400], [2, 2800], [3, 5100]], "Sales \"net\"": [[0, -500], [1, 0], [2, 900], [3, 1500]] }, { title: "Spend <2025>" });
console.log(svg.replaceAll("><", ">\n<"));
console.log(ticks(0, 1), ticks(-3, 17), ticks(0, 0.05), ticks(0, 123456));
require("fs").writeFileSync("chart.svg", svg);
const spark = (values) => { const [low, high] = [Math.min(...values), Math.max(...values)]; return values.map((value) => String.fromCodePoint(0x2581 + Math.round(((value - low) / (high - low || 1)) * 7))).join(""); };
console.log(spark([1, 5, 22, 13, 53, 8, 40]), spark([3, 3]));
return svg.length;
