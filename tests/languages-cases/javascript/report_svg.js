const data = [4, 8, 15, 16, 23, 42], width = 300, height = 100, most = Math.max(...data);
const points = data.map((value, at) => [at * width / (data.length - 1), height - value / most * height].map((n) => n.toFixed(1)).join(","));
const svg = `<svg viewBox="0 0 ${width} ${height}"><polyline points="${points.join(" ")}"/></svg>`;
console.log(svg);
points.length;
