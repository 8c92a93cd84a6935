// Charts as SVG: `chart.bar(labels, values)`, `line(xs, ys)`, `scatter(xs, ys)` and `pie(labels, values)` return a text.
//
// `values` and `ys` are an array, or an object or a Map of arrays by the name of each series. `xs` are numbers, or texts at
// equal distances. A third argument has `title`, `width` and `height`, and for all but `pie` `x_label` and `y_label`. null,
// undefined, NaN and the infinities are left out, and the chart says how many. The module `chart` of Python writes the same
// bytes for the same data: what is changed here is changed there.
() => {
    "use strict";
    const COLORS = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"];
    const [POINTS_MAX, SERIES_MAX, SLICES_MAX] = [10_000, 20, 60];
    const TOO_MANY = `a chart has more than ${POINTS_MAX} points, which are the most that it draws; take fewer, or means`;
    const [LABEL_CHARS_MAX, TITLE_CHARS_MAX] = [24, 120];
    const [SIZE_MIN, SIZE_MAX] = [160, 4_000];
    const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 40, 56];
    const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

    function bar(labels, values, options = {}) {
        labels = taken(labels).map(text);
        const series = byName(values);
        check(labels, series, "labels");
        const chart = new Chart(options, series);
        chart.grid(...chart.values(0));
        chart.names(labels);
        const step = chart.innerWidth / Math.max(labels.length, 1);
        const thick = step * 0.8 / series.length;
        series.forEach(([name, ys], place) => ys.forEach((y, index) => {
            if (!isNumber(y)) return;
            const [x, top, bottom] = [LEFT + step * (index + 0.1) + thick * place, chart.y(Math.max(y, 0)), chart.y(Math.min(y, 0))];
            chart.add(`<rect x="${n(x)}" y="${n(top)}" width="${n(thick)}" height="${n(bottom - top)}" fill="${color(place)}">` +
                `<title>${escaped(labelOf(name, labels[index], y))}</title></rect>`);
        }));
        return chart.end();
    }

    function line(xs, ys, options = {}) {
        const [chart, points] = prepared(xs, ys, options);
        points.forEach((found, place) => {
            let [path, pen] = ["", "M"];
            for (const point of found) {
                if (point !== null) path += `${pen}${n(point[0])} ${n(point[1])}`;
                pen = point === null ? "M" : "L";
            }
            chart.add(`<path d="${path}" fill="none" stroke="${color(place)}" stroke-width="2"/>`);
        });
        return chart.end();
    }

    function scatter(xs, ys, options = {}) {
        const [chart, points] = prepared(xs, ys, options);
        points.forEach((found, place) => {
            for (const point of found) {
                if (point === null) continue;
                chart.add(`<circle cx="${n(point[0])}" cy="${n(point[1])}" r="3" fill="${color(place)}" fill-opacity="0.7"/>`);
            }
        });
        return chart.end();
    }

    function pie(labels, values, options = {}) {
        labels = taken(labels).map(text);
        values = floats(values);
        check(labels, [["", values]], "labels");
        if (values.length > SLICES_MAX) {
            throw new RangeError(`a pie has ${values.length} slices, and ${SLICES_MAX} are the most that it draws; add up the small ones`);
        }
        if (values.some((one) => isNumber(one) && one < 0)) throw new RangeError("a pie has a negative value; draw it as a bar chart");
        const chart = new Chart({ ...options, x_label: "", y_label: "" }, [["", values]]);
        const slices = labels.map((label, index) => [label, values[index]]).filter(([, one]) => isNumber(one) && one > 0);
        const total = slices.reduce((sum, [, one]) => sum + one, 0);
        const radius = Math.max(Math.min(chart.height - TOP - 24, chart.width * 0.5) / 2, 10);
        const [x, y] = [16 + radius, TOP + radius];
        let done = 0;
        slices.forEach(([label, one], place) => {
            const share = `${label}: ${number(one)} (${n(Math.floor(one / total * 1000 + 0.5) / 10)} %)`;
            const told = `<title>${escaped(shortened(share, TITLE_CHARS_MAX))}</title>`;
            if (slices.length === 1) {
                chart.add(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="${color(place)}">${told}</circle>`);
            } else {
                const begin = done / total * 2 * Math.PI;
                done += one;
                const [end, far] = [done / total * 2 * Math.PI, one / total > 0.5 ? 1 : 0];
                const path = `M${n(x)} ${n(y)}L${n(x + radius * Math.sin(begin))} ${n(y - radius * Math.cos(begin))}` +
                    `A${n(radius)} ${n(radius)} 0 ${far} 1 ${n(x + radius * Math.sin(end))} ${n(y - radius * Math.cos(end))}Z`;
                chart.add(`<path d="${path}" fill="${color(place)}" stroke="#fff">${told}</path>`);
            }
            chart.legend(place, share, 32 + 2 * radius);
        });
        return chart.end();
    }

    // The picture as it grows: its frame, the scale of its values, and what is drawn.
    class Chart {
        constructor({ title = "", x_label = "", y_label = "", width = 640, height = 400 }, series) {
            for (const [name, size] of [["width", width], ["height", height]]) {
                if (isNumber(size) && size >= SIZE_MIN && size <= SIZE_MAX) continue;
                throw new RangeError(`${name} is ${text(size)}, and a chart is between ${SIZE_MIN} and ${SIZE_MAX} pixels wide and high`);
            }
            Object.assign(this, { width, height, series });
            this.innerWidth = width - LEFT - RIGHT;
            this.innerHeight = height - TOP - BOTTOM;
            this.leftOut = series.flatMap(([, ys]) => ys).filter((y) => !isNumber(y)).length;
            const size = `width="${n(width)}" height="${n(height)}"`;
            this.parts = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" ${size} ` +
                'font-family="sans-serif" font-size="12" fill="#222" role="img">', `<rect ${size} fill="#fff"/>`];
            if (title) this.write(width / 2, 22, shortened(title, TITLE_CHARS_MAX), "middle", ' font-size="16"');
            if (x_label) this.write(LEFT + this.innerWidth / 2, height - 8, shortened(x_label, TITLE_CHARS_MAX), "middle");
            if (y_label) {
                const turned = ` transform="rotate(-90 14 ${n(TOP + this.innerHeight / 2)})"`;
                this.write(14, TOP + this.innerHeight / 2, shortened(y_label, TITLE_CHARS_MAX), "middle", turned);
            }
        }

        add(part) {
            this.parts.push(part);
        }

        write(x, y, words, anchor, more = "") {
            this.add(`<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}"${more}>${escaped(words)}</text>`);
        }

        // The least and the greatest value of all series.
        values(...also) {
            return bounds([...this.series.flatMap(([, ys]) => ys.filter(isNumber)), ...also]);
        }

        // Draws lines for round values, and takes their scale.
        grid(low, high) {
            const ticks = ticksOf(low, high);
            this.low = Math.min(low, ticks[0][0]);
            this.high = Math.max(high, ticks[ticks.length - 1][0]);
            for (const [value, label] of ticks) {
                const y = this.y(value);
                this.add(`<line x1="${LEFT}" y1="${n(y)}" x2="${n(this.width - RIGHT)}" y2="${n(y)}" stroke="#ddd"/>`);
                this.write(LEFT - 6, y + 4, label, "end");
            }
            if (this.series.length > 1) this.series.forEach(([name], place) => this.legend(place, name, this.width - RIGHT - 120));
        }

        y(value) {
            return TOP + this.innerHeight * (1 - part(value, this.low, this.high));
        }

        // Writes the texts of the axis below, as many as there is room for.
        names(labels) {
            const step = this.innerWidth / Math.max(labels.length, 1);
            const every = step < 64 ? Math.max(Math.floor(64 / step) + 1, 1) : 1;
            labels.forEach((label, index) => {
                if (index % every !== 0) return;
                this.write(LEFT + step * (index + 0.5), this.height - BOTTOM + 18, shortened(label, LABEL_CHARS_MAX), "middle");
            });
        }

        legend(place, name, x) {
            const y = TOP + 8 + 18 * place;
            this.add(`<rect x="${n(x)}" y="${n(y)}" width="10" height="10" fill="${color(place)}"/>`);
            this.write(x + 16, y + 9, shortened(name, 2 * LABEL_CHARS_MAX), "start");
        }

        end() {
            if (this.leftOut > 0) {
                const what = this.leftOut === 1 ? "1 value is" : `${this.leftOut} values are`;
                this.write(this.width - RIGHT, this.height - 8, `${what} left out: no number`, "end", ' fill="#888"');
            }
            return [...this.parts, "</svg>"].join("\n") + "\n";
        }
    }

    // A chart with its axes, and the places of the points of each series, null where a value is missing.
    function prepared(xs, ys, options) {
        xs = floats(xs);
        const series = byName(ys);
        check(xs, series, "xs");
        const chart = new Chart(options, series);
        chart.grid(...chart.values());
        let places;
        if (xs.every((x) => x === null || x === undefined || isNumeric(x))) {
            const [low, high] = bounds(xs.filter(isNumber));
            chart.leftOut += xs.filter((x) => !isNumber(x)).length;
            const across = (x) => LEFT + chart.innerWidth * part(x, low, high);
            for (const [value, label] of ticksOf(low, high)) {
                if (low <= value && value <= high) chart.write(across(value), chart.height - BOTTOM + 18, label, "middle");
            }
            places = xs.map((x) => (isNumber(x) ? across(x) : null));
        } else {
            chart.names(xs.map(text));
            places = xs.map((_, index) => LEFT + chart.innerWidth / xs.length * (index + 0.5));
        }
        const place = (x, y) => (x === null || !isNumber(y) ? null : [x, chart.y(y)]);
        return [chart, series.map(([, values]) => places.map((x, index) => place(x, values[index])))];
    }

    function byName(values) {
        if (Symbol.iterator in Object(values) && !(values instanceof Map)) return [["", floats(values)]];
        const entries = values instanceof Map ? [...values] : Object.entries(values);
        return entries.map(([name, one]) => [text(name), floats(one)]);
    }

    // Values of which the numbers are floats: a BigInt too.
    const floats = (values) => taken(values).map((one) => (typeof one === "bigint" ? Number(one) : one));

    // An array of values, of which there are no more than are drawn.
    function taken(values) {
        const list = [];
        for (const one of values) if (list.push(one) > POINTS_MAX) throw new RangeError(TOO_MANY);
        return list;
    }

    function check(labels, series, name) {
        if (series.length === 0 || series.length > SERIES_MAX) {
            throw new RangeError(`a chart has ${series.length} series, and draws between 1 and ${SERIES_MAX}`);
        }
        for (const [own, ys] of series) {
            if (ys.length === labels.length) continue;
            const whose = own ? ` of "${own}"` : "";
            throw new RangeError(`there are ${labels.length} ${name} and ${ys.length} values${whose}; each needs one`);
        }
        if (series.length * labels.length > POINTS_MAX) throw new RangeError(TOO_MANY);
    }

    const bounds = (values) => values.length === 0 ? [0, 1]
        : [values.reduce((one, other) => Math.min(one, other)), values.reduce((one, other) => Math.max(one, other))];
    const part = (value, low, high) => (high === low ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2));

    // Some five round values between two, with their texts, which are made of whole numbers.
    function ticksOf(low, high) {
        const span = (high / 2 - low / 2) / 2.5 || Math.abs(high) / 5 || 1;
        let [unit, power] = [1, 0];
        while (unit * 10 <= span && power < 300) [unit, power] = [unit * 10, power + 1];
        while (unit > span && power > -300) [unit, power] = [unit / 10, power - 1];
        const times = span < unit * 1.5 ? 1 : span < unit * 3.5 ? 2 : span < unit * 7.5 ? 5 : 10;
        const step = times * unit;
        const [first, last] = [Math.floor(low / step), -Math.floor(-high / step)];
        const ticks = [];
        for (let index = first; index <= Math.min(last, first + 20); index++) ticks.push([index * step, shifted(index * times, power)]);
        return ticks;
    }

    // The text of `whole` times ten to the power.
    function shifted(whole, power) {
        if (power > 15 || power < -6) return whole === 0 ? "0" : `${BigInt(whole)}e${power}`;
        if (power >= 0) return String(BigInt(whole) * 10n ** BigInt(power));
        const [digits, sign] = [String(BigInt(Math.abs(whole))).padStart(1 - power, "0"), whole < 0 ? "-" : ""];
        return trimmed(`${sign}${digits.slice(0, power)}.${digits.slice(power)}`);
    }

    const isNumeric = (value) => typeof value === "number";
    const isNumber = (value) => isNumeric(value) && Math.abs(value) <= 1.7e308;

    // A number of pixels, with two decimals at most.
    const n = (value) => rounded(value, 2);

    function rounded(value, decimals) {
        const whole = BigInt(Math.floor(Math.abs(value) * 10 ** decimals + 0.5));
        const digits = String(whole).padStart(decimals + 1, "0");
        const words = trimmed(`${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`);
        return value >= 0 || words === "0" ? words : `-${words}`;
    }

    const trimmed = (words) => words.replace(/0+$/, "").replace(/\.$/, "");

    // The text of a number: its digits, with six decimals at most.
    function number(value) {
        if (Math.abs(value) < 1e15) return rounded(value, 6);
        return Number.isNaN(value) ? "NaN" : `${value < 0 ? "-" : ""}${Math.abs(value) > 1.7e308 ? "∞" : "10^15 or more"}`;
    }

    function text(value) {
        if (value === null || value === undefined) return "";
        if (value instanceof Date) return value.toISOString();
        return typeof value === "number" ? number(value) : String(value);
    }

    const labelOf = (name, label, value) => shortened(`${name ? `${name}, ` : ""}${label}: ${number(value)}`, TITLE_CHARS_MAX);
    const color = (place) => COLORS[place % COLORS.length];

    function shortened(words, chars) {
        const letters = Array.from(text(words));
        return letters.length <= chars ? letters.join("") : `${letters.slice(0, chars - 1).join("")}…`;
    }

    // A text as XML takes it: what XML has no place for is U+FFFD.
    const escaped = (words) => Array.from(words, (one) => ESCAPES[one] ?? (isInXml(one.codePointAt(0)) ? one : "\ufffd")).join("");
    const isInXml = (code) => [9, 10, 13].includes(code) || code >= 32 && code < 0xd800 || code > 0xdfff && code < 0xfffe || code > 0xffff;

    return { bar, line, scatter, pie };
}
