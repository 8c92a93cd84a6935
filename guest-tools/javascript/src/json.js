// What JSON and other functions of the language say of what they cannot take, in the words of V8. It is worked out when they have failed.
(host, parts) => {
    "use strict";
    const { hidden } = parts.base;
    const { parse, stringify } = JSON;
    const { hasOwn, keys, getPrototypeOf, getOwnPropertyDescriptor } = Object, { isArray } = Array;

    // --- texts that are no JSON -------------------------------------------------------------------------------------------
    const SPECIAL = ["NaN", "Infinity", "undefined", "[object Object]"], AROUND = 10;
    // Thrown by what reads a text, to the function that asked what is wrong with it.
    class Wrong { constructor(message) { this.message = message; } }
    const at = (message, place) => new Wrong(`${message} in JSON at position ${place}`);
    const excerpt = (text, place) => {
        if (text.length <= 2 * AROUND) return `"${text}"`;
        const isEarly = place < AROUND, isLate = !isEarly && place >= text.length - AROUND;
        const shown = text.slice(isEarly ? 0 : place - AROUND, isLate ? text.length : place + AROUND);
        return `${isEarly ? "" : "..."}"${shown}"${isLate ? "" : "..."}`;
    };
    const isDigit = (one) => one >= "0" && one <= "9" && one.length === 1;
    class Reader {
        constructor(text) { this.text = text; this.place = 0; }
        get one() { return this.place < this.text.length ? this.text[this.place] : ""; }
        skip() { while (this.one !== "" && " \t\n\r".includes(this.one)) this.place++; return this.one; }
        // What is said of a character that cannot stand here; `expected` where something else could.
        unexpected(expected) {
            const { one, text, place } = this;
            if (expected) return at(expected, place);
            if (one === "") return new Wrong("Unexpected end of JSON input");
            if (one === '"') return at("Unexpected string", place);
            if (isDigit(one) || one === "-") return at("Unexpected number", place);
            return new Wrong(SPECIAL.includes(text) ? `"${text}" is not valid JSON` : `Unexpected token '${one}', ${excerpt(text, place)} is not valid JSON`);
        }
        whole() {
            this.value();
            if (this.skip() !== "") throw new Wrong(`Unexpected non-whitespace character after JSON at position ${this.place}`);
        }
        // Whatever is open stands in a list, and not on the stack.
        value() {
            const open = [];
            for (;;) {
                let isOpened = false;
                const one = this.skip();
                if (one === "{") isOpened = this.opened(open, "}"); else if (one === "[") isOpened = this.opened(open, "]"); else this.plain(one);
                if (!isOpened && !this.goesOn(open)) return;
            }
        }
        // Whether a value is awaited in what opens here.
        opened(open, end) {
            this.place++;
            const one = this.skip();
            if (one === end) { this.place++; return false; }
            if (end === "}") {
                if (one !== '"') throw this.unexpected("Expected property name or '}'");
                this.name("Expected ':' after property name");
            }
            open.push(end);
            return true;
        }
        name(expected) {
            this.string();
            if (this.skip() !== ":") throw this.unexpected(expected);
            this.place++;
        }
        // Reads on behind a value, and returns whether another one is awaited.
        goesOn(open) {
            for (; open.length > 0; open.pop()) {
                const end = open.at(-1), one = this.skip();
                if (one === end) { this.place++; continue; }
                if (one !== ",") throw this.unexpected(end === "]" ? "Expected ',' or ']' after array element" : "Expected ',' or '}' after property value");
                this.place++;
                if (end === "}") {
                    if (this.skip() !== '"') throw this.unexpected("Expected double-quoted property name");
                    this.name();
                }
                return true;
            }
            return false;
        }
        plain(one) {
            if (one === '"') return this.string();
            if (one === "-" || isDigit(one)) return this.number();
            const word = { t: "true", f: "false", n: "null" }[one];
            if (word === undefined) throw this.unexpected();
            for (const letter of word) { if (this.one !== letter) throw this.unexpected(); this.place++; }
        }
        string() {
            for (this.place++; this.one !== '"'; this.place++) {
                if (this.one === "") throw at("Unterminated string", this.place);
                if (this.one < " ") throw at("Bad control character in string literal", this.place);
                if (this.one === "\\") this.escape();
            }
            this.place++;
        }
        escape() {
            this.place++;
            if (this.one === "" || this.one > "\xff") throw this.unexpected();
            if (this.one !== "u") { if (!'"\\/bfnrt'.includes(this.one)) throw at("Bad escaped character", this.place); return; }
            for (let count = 0; count < 4; count++) { this.place++; if (!/^[\da-fA-F]$/.test(this.one)) throw at("Bad Unicode escape", this.place); }
        }
        digits(message) {
            if (!isDigit(this.one)) throw at(message, this.place);
            while (isDigit(this.one)) this.place++;
        }
        number() {
            if (this.one === "-") { this.place++; if (!isDigit(this.one)) throw at("No number after minus sign", this.place); }
            if (this.one === "0") { this.place++; if (isDigit(this.one)) throw this.unexpected(); } else this.digits();
            if (this.one === ".") { this.place++; this.digits("Unterminated fractional number"); }
            if (this.one !== "e" && this.one !== "E") return;
            this.place++;
            if (this.one === "+" || this.one === "-") this.place++;
            this.digits("Exponent part is missing a number");
        }
    }
    // What is wrong with a text, if anything is.
    const wrongWith = (text) => {
        try { new Reader(`${text}`).whole(); } catch (error) { if (error instanceof Wrong) return error.message; }
        return undefined;
    };

    // --- values that have themselves in them --------------------------------------------------------------------------------
    const nameOf = (value) => {
        for (let from = value; from; from = getPrototypeOf(from)) {
            const made = getOwnPropertyDescriptor(from, "constructor")?.value;
            if (typeof made === "function" && made.name !== "") return made.name;
        }
        return "Object";
    };
    const keyed = (key, isIndex) => (isIndex ? `index ${key}` : key === "" ? "<anonymous>" : `property '${key}'`);
    // The way to the first value that is one of those around it: [KEY, VALUE] of each, and the key of the last.
    const circle = (value, only) => {
        const way = [];
        const walk = (given, key) => {
            const one = typeof given?.toJSON === "function" ? given.toJSON(key) : given;
            if (one === null || typeof one !== "object") return undefined;
            const from = way.findIndex(([, around]) => around === one);
            const isIndex = isArray(way.at(-1)?.[1]);
            if (from >= 0) return { around: way.slice(from), last: keyed(key, isIndex) };
            way.push([keyed(key, isIndex), one]);
            for (const name of only && !isArray(one) ? only.filter((name) => hasOwn(one, name)) : keys(one)) {
                const found = walk(one[name], name);
                if (found) return found;
            }
            way.pop();
            return undefined;
        };
        return walk(value, "");
    };
    const FIRST = 2, LAST = 1;
    const described = ({ around: [[, start], ...rest], last }) => {
        const line = ([key, value]) => `\n    |     ${key} -> object with constructor '${nameOf(value)}'`;
        const isLong = rest.length > FIRST + LAST;
        const lines = isLong ? [...rest.slice(0, FIRST).map(line), "\n    |     ...", ...rest.slice(-LAST).map(line)] : rest.map(line);
        return `Converting circular structure to JSON\n    --> starting at object with constructor '${nameOf(start)}'${lines.join("")}\n    --- ${last} closes the circle`;
    };
    const circular = (value, replacer) => {
        try { return described(circle(value, isArray(replacer) ? replacer.map(String) : undefined)); } catch { return "Converting circular structure to JSON"; }
    };

    // --- in place of the language's own ---------------------------------------------------------------------------------------
    const saying = (error, message) => { if (message !== undefined) hidden(error, "message", message); return error; };
    const json = {
        parse(text, reviver) {
            try { return parse(text, reviver); } catch (error) { throw error instanceof SyntaxError ? saying(error, wrongWith(text)) : error; }
        },
        stringify(value, replacer, space) {
            try { return stringify(value, replacer, space); } catch (error) {
                const isCircular = error instanceof TypeError && error.message === "circular reference";
                if (isCircular) throw saying(error, circular(value, replacer));
                throw error?.message === "BigInt are forbidden in JSON.stringify" ? saying(error, "Do not know how to serialize a BigInt") : error;
            }
        },
    };
    hidden(JSON, "parse", json.parse);
    hidden(JSON, "stringify", json.stringify);
    for (const name of ["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent"]) {
        const own = globalThis[name];
        const { [name]: action } = { [name](text) { try { return own(text); } catch (error) { throw error instanceof URIError ? saying(error, "URI malformed") : error; } } };
        hidden(globalThis, name, action);
    }
    const all = (errors) => new AggregateError(errors, "All promises were rejected");
    const { any } = {
        any(values) {
            const Kind = this;
            return new Kind((resolve, reject) => {
                const errors = [];
                let left = 1;
                const came = () => { if (--left === 0) reject(all(errors)); };
                for (const one of values) {
                    const place = errors.push(undefined) - 1;
                    let isTold = false;
                    left++;
                    Kind.resolve(one).then(resolve, (error) => { if (isTold) return; isTold = true; errors[place] = error; came(); });
                }
                came();
            });
        },
    };
    hidden(Promise, "any", any);
    return { ...json, wrongWith, circular };
}
