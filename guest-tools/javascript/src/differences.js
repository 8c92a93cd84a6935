// How two values differ, as node's assert says it.
(host, parts) => {
    "use strict";
    const { inspect } = parts.show;
    const SAYS = {
        deepStrictEqual: "Expected values to be strictly deep-equal:", strictEqual: "Expected values to be strictly equal:", deepEqual: "Expected values to be loosely deep-equal:",
        strictEqualObject: 'Expected "actual" to be reference-equal to "expected":', notIdentical: "Values have same structure but are not reference-equal:",
        notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:', notStrictEqual: 'Expected "actual" to be strictly unequal to:',
        notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
    };
    const SHORT = 12, WIDTH = 80, LINES = 50;
    const shown = (value) => inspect(value, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, sorted: true, getters: true });
    const isObject = (value) => value !== null && typeof value === "object";
    const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 3)}...` : text);
    const few = (lines) => (lines.length > LINES ? [...lines.slice(0, LINES - 4), "..."] : lines);

    // The lines of a comparison, of which only some around those that differ are told.
    class Told {
        text = ""; lines = 0; isCut = false; #waiting = ""; #same = 0;
        #add(line) { this.text += `\n  ${line}`; this.lines++; }
        // The last of the lines that were the same, before one that is not.
        #before(lines, at) {
            const same = this.#same;
            this.#same = 0;
            if (same === 5) this.#add(lines[at - 3]);
            if (same > 5) { this.text += "\n..."; this.isCut = true; }
            if (same > 3) this.#add(lines[at - 2]);
            if (same > 2) this.#add(lines[at - 1]);
        }
        same(line) {
            this.text += this.#waiting;
            this.#waiting = "";
            if (++this.#same <= 2) this.#add(line);
        }
        differ(lines, at, actual, expected) {
            this.#before(lines, at);
            for (const [mark, line] of [["+", actual], ["-", expected]]) {
                if (line === undefined) continue;
                if (mark === "+") this.text += `\n+ ${line}`; else this.#waiting += `\n- ${line}`;
                this.lines++;
            }
        }
        get rest() { return this.#waiting; }
    }
    const isLike = (line, other) => line === other || (line.endsWith(",") && line.slice(0, -1) === other);
    // Where two texts of one line differ, if that is worth a mark.
    const markOf = (actual, expected, operator) => {
        const length = actual.length + expected.length;
        if (length <= SHORT || operator === "strictEqualObject" || length >= WIDTH) return "";
        let at = 0;
        while (actual[at] === expected[at]) at++;
        return at > 2 ? `\n  ${" ".repeat(at)}^` : "";
    };
    // Takes the lines off that both end with, and returns what is told of them: [TEXT, WHETHER SOME ARE LEFT OUT].
    const commonEnd = (actual, expected) => {
        let count = 0, text = "", other = "";
        while (actual.length > 0 && expected.length > 0 && actual.at(-1) === expected.at(-1)) {
            if (count++ < 3) text = `\n  ${actual.at(-1)}${text}`; else other = actual.at(-1);
            actual.pop();
            expected.pop();
        }
        const isCut = count >= 5;
        return [(other === "" ? "" : `\n  ${other}`) + (isCut ? "\n..." : "") + text, isCut];
    };
    function difference(actual, expected, operator) {
        const bothAre = (kind) => typeof actual === kind && typeof expected === kind && actual !== null && expected !== null;
        if (operator === "strictEqual" && (bothAre("object") || bothAre("function"))) operator = "strictEqualObject";
        const whole = shown(actual), lines = whole.split("\n"), others = shown(expected).split("\n");
        let mark = "";
        if (lines.length === 1 && others.length === 1 && lines[0] !== others[0]) {
            const isShort = lines[0].length + others[0].length <= SHORT;
            if (isShort && !isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0)) return `${SAYS[operator]}\n\n${lines[0]} !== ${others[0]}\n`;
            mark = markOf(lines[0], others[0], operator);
        }
        const [end, isEndCut] = commonEnd(lines, others);
        if (lines.length === 0 && others.length === 0) return `${SAYS.notIdentical}\n\n${few(whole.split("\n")).join("\n")}\n`;
        return compared(lines, others, `${SAYS[operator]}\n+ actual - expected`, end, isEndCut) + mark;
    }
    function compared(lines, others, head, end, isEndCut) {
        const told = new Told(), most = Math.max(lines.length, others.length), longer = lines.length < most ? others : lines;
        for (let at = 0; at < most; at++) {
            const line = lines[at], other = others[at];
            if (line !== undefined && other !== undefined && (isLike(line, other) || isLike(other, line))) told.same(isLike(line, other) ? line : other);
            else told.differ(line === undefined || other === undefined ? longer : lines, at, line, other);
            if (told.lines > LINES && at < most - 2) return `${head} ... Lines skipped\n${told.text}\n...${told.rest}\n...`;
        }
        return `${head}${told.isCut || isEndCut ? " ... Lines skipped" : ""}\n${told.text}${told.rest}${end}`;
    }
    function unwanted(actual, operator) {
        const lines = few(shown(actual).split("\n"));
        const base = SAYS[operator === "notStrictEqual" && (isObject(actual) || typeof actual === "function") ? "notStrictEqualObject" : operator];
        return lines.length === 1 ? `${base}${lines[0].length > 5 ? "\n\n" : " "}${lines[0]}` : `${base}\n\n${lines.join("\n")}\n`;
    }
    // An error is compared without its stack.
    const bare = (error) => {
        const copy = Object.assign(Object.create(Object.getPrototypeOf(error)), error);
        Object.defineProperty(copy, "message", { value: error.message });
        return copy;
    };
    // What an error says that compared two values so.
    function messageOf(actual, expected, operator) {
        if (actual instanceof Error && expected instanceof Error) [actual, expected] = [bare(actual), bare(expected)];
        if (operator === "deepStrictEqual" || operator === "strictEqual") return difference(actual, expected, operator);
        if (operator === "notDeepStrictEqual" || operator === "notStrictEqual") return unwanted(actual, operator);
        const one = shown(actual), other = shown(expected);
        if (operator === "notDeepEqual" && one === other) return cut(`${SAYS.notDeepEqual}\n\n${one}`, 1024);
        if (operator === "notDeepEqual") return `Expected values not to be loosely deep-equal:\n\n${cut(one, 512)}\n\nshould not loosely deep-equal\n\n${cut(other, 512)}`;
        if (operator === "deepEqual") return `${SAYS.deepEqual}\n\n${cut(one, 512)}\n\nshould loosely deep-equal\n\n${cut(other, 512)}`;
        return `${cut(one, 512)} ${operator} ${cut(other, 512)}`;
    }
    return { messageOf };
}
