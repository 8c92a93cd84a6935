// Prints the charts of charts.json as JavaScript draws them; `charts.py` prints them as Python does, byte for byte the same.
import fs from "node:fs";

const read = (path) => fs.readFileSync(new URL(path, import.meta.url), "utf8");
const chart = (0, eval)(read("../../guest-tools/javascript/src/chart.js"))();

for (const [kind, labels, values, options] of JSON.parse(read("charts.json"))) {
    try {
        process.stdout.write(chart[kind](labels, values, options));
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        console.log(error.message);
    }
}
