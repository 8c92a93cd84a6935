// URLs as https://url.spec.whatwg.org has them, in time that grows with their length alone.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden } = parts.base;
    const { inspect } = parts.show;
    const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21", "file:": "" };
    const isSpecial = (scheme) => Object.hasOwn(PORTS, scheme);
    const invalid = (input, base) => {
        const error = Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input });
        return base === undefined ? error : Object.assign(error, { base });
    };

    // --- characters ---------------------------------------------------------------------------------------------------
    const SETS = { fragment: ' "<>`', query: ' "#<>', specialQuery: ' "#<>\'', path: ' "#<>?`{}', control: "" };
    SETS.user = SETS.path + "/:;=@[\\]^|";
    const encoded = (text, set) => {
        let result = "";
        for (const one of text) {
            const code = one.codePointAt(0);
            if (code > 0x1f && code < 0x7f && !set.includes(one)) result += one;
            else for (const byte of host.encodeUtf8(one)) result += "%" + byte.toString(16).toUpperCase().padStart(2, "0");
        }
        return result;
    };
    const decodedBytes = (text) => {
        const given = host.encodeUtf8(text), bytes = new Uint8Array(given.length);
        const digit = (byte) => (byte === undefined ? NaN : parseInt(String.fromCharCode(byte), 16));
        let length = 0;
        for (let at = 0; at < given.length; at++) {
            const high = given[at] === 37 ? digit(given[at + 1]) : NaN, low = given[at] === 37 ? digit(given[at + 2]) : NaN;
            const isEscape = !Number.isNaN(high) && !Number.isNaN(low);
            bytes[length++] = isEscape ? high * 16 + low : given[at];
            if (isEscape) at += 2;
        }
        return bytes.subarray(0, length);
    };
    const utf8 = (bytes) => { const [text, used] = host.decodeUtf8(bytes); return used < bytes.length ? text + "\ufffd" : text; };
    const decoded = (text) => (text.includes("%") ? utf8(decodedBytes(text)) : text.toWellFormed());

    // --- hosts --------------------------------------------------------------------------------------------------------
    const punycode = (label) => {
        const points = Array.from(label, (one) => one.codePointAt(0));
        let output = points.filter((point) => point < 128).map((point) => String.fromCharCode(point)).join("");
        let handled = output.length, n = 128, delta = 0, bias = 72;
        const basic = handled;
        if (basic > 0) output += "-";
        const digit = (d) => String.fromCharCode(d < 26 ? d + 97 : d + 22);
        while (handled < points.length) {
            const next = points.reduce((least, point) => (point >= n && point < least ? point : least), Infinity);
            delta += (next - n) * (handled + 1);
            n = next;
            for (const point of points) {
                if (point < n) delta++;
                if (point !== n) continue;
                let q = delta;
                for (let k = 36; ; k += 36) {
                    const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
                    if (q < t) break;
                    output += digit(t + ((q - t) % (36 - t)));
                    q = Math.floor((q - t) / (36 - t));
                }
                output += digit(q);
                let d = handled === basic ? Math.floor(delta / 700) : Math.floor(delta / 2), k = 0;
                d += Math.floor(d / (handled + 1));
                while (d > 455) { d = Math.floor(d / 35); k += 36; }
                bias = k + Math.floor((36 * d) / (d + 38));
                delta = 0;
                handled++;
            }
            delta++;
            n++;
        }
        return output;
    };
    const LABEL = 63, NAME = 255; // the most letters of a label and of a name, RFC 1035
    const ascii = (name) => {
        if (/^[\x00-\x7f]*$/.test(name)) return name.toLowerCase();
        if (name.length > 4 * NAME) return undefined;
        const labels = name.normalize("NFKC").toLowerCase().normalize("NFC").replace(/[\u3002\uff0e\uff61]/g, ".").replace(/[\u00ad\u200b\u2060\ufeff]/g, "").split(".");
        if (labels.some((label) => label.length > LABEL)) return undefined;
        return labels.map((label) => (/^[\x00-\x7f]*$/.test(label) ? label : `xn--${punycode(label)}`)).join(".");
    };
    const number = (part) => {
        if (part === "") return undefined;
        if (/^0[xX][\da-fA-F]*$/.test(part)) return part.length === 2 ? 0 : parseInt(part, 16);
        if (/^0[0-7]+$/.test(part)) return parseInt(part, 8);
        return /^(0|[1-9]\d*)$/.test(part) ? Number(part) : undefined;
    };
    const endsInNumber = (name) => {
        const labels = name.split(".");
        if (labels.at(-1) === "" && labels.length > 1) labels.pop();
        return /^\d+$/.test(labels.at(-1)) || /^0[xX][\da-fA-F]*$/.test(labels.at(-1));
    };
    const ipv4 = (name) => {
        const labels = name.split(".");
        if (labels.at(-1) === "" && labels.length > 1) labels.pop();
        const numbers = labels.map(number);
        if (labels.length > 4 || numbers.includes(undefined)) return undefined;
        const last = numbers.pop();
        if (numbers.some((one) => one > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
        const whole = numbers.reduce((sum, one, index) => sum + one * 256 ** (3 - index), last);
        return [24, 16, 8, 0].map((shift) => Math.floor(whole / 2 ** shift) % 256).join(".");
    };
    const ipv6 = (text) => {
        const four = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
        if (four) {
            const bytes = four[2].split(".");
            if (bytes.some((byte) => Number(byte) > 255 || (byte.length > 1 && byte[0] === "0"))) return undefined;
            const [a, b, c, d] = bytes.map(Number);
            text = `${four[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        }
        const halves = text.split("::");
        if (halves.length > 2) return undefined;
        const pieces = halves.map((half) => (half === "" ? [] : half.split(":")));
        if (pieces.flat().some((piece) => !/^[\da-fA-F]{1,4}$/.test(piece))) return undefined;
        const count = pieces.flat().length;
        if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
        const zeros = halves.length === 2 ? Array(8 - count).fill("0") : [];
        return `[${shortened([...pieces[0], ...zeros, ...(pieces[1] ?? [])].map((piece) => parseInt(piece, 16)))}]`;
    };
    const shortened = (pieces) => {
        let best = [-1, 1];
        for (let at = 0; at < 8; at++) {
            let end = at;
            while (end < 8 && pieces[end] === 0) end++;
            if (end - at > best[1]) best = [at, end - at];
            if (end > at) at = end;
        }
        const hex = (some) => some.map((piece) => piece.toString(16)).join(":");
        return best[0] < 0 ? hex(pieces) : `${hex(pieces.slice(0, best[0]))}::${hex(pieces.slice(best[0] + best[1]))}`;
    };
    const FORBIDDEN = /[\x00\t\n\r #\/:<>?@[\\\]^|]/;
    // The host as it is written; undefined where the text is not a host.
    const hostOf = (text, special) => {
        if (text.startsWith("[")) return text.endsWith("]") ? ipv6(text.slice(1, -1)) : undefined;
        if (!special) return FORBIDDEN.test(text) ? undefined : encoded(text, SETS.control);
        const name = ascii(decoded(text));
        if (name === undefined || name === "" || FORBIDDEN.test(name) || /[%\x01-\x1f\x7f]/.test(name)) return undefined;
        return endsInNumber(name) ? ipv4(name) : name;
    };

    // --- parsing --------------------------------------------------------------------------------------------------------
    const isDot = (part) => part === "." || part.toLowerCase() === "%2e";
    const isDots = (part) => ["..", ".%2e", "%2e.", "%2e%2e"].includes(part.toLowerCase());
    const isDrive = (part) => /^[A-Za-z][:|]$/.test(part);
    const splitAt = (text, marks) => {
        const at = text.search(marks);
        return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
    };
    const walked = (scheme, before, text) => {
        const special = isSpecial(scheme), path = [...before];
        const shorten = () => { if (!(scheme === "file:" && path.length === 1 && /^[A-Za-z]:$/.test(path[0]))) path.pop(); };
        const pieces = text.split(special ? /[/\\]/ : "/");
        pieces.forEach((piece, index) => {
            const isLast = index === pieces.length - 1;
            if (isDots(piece)) { shorten(); if (isLast) path.push(""); }
            else if (isDot(piece)) { if (isLast) path.push(""); }
            else if (scheme === "file:" && path.length === 0 && isDrive(piece)) path.push(`${piece[0]}:`);
            else path.push(encoded(piece, SETS.path));
        });
        return path;
    };
    const tail = (record, text) => {
        const [before, fragment] = splitAt(text, /#/), [rest, query] = splitAt(before, /\?/);
        if (query !== "") record.query = encoded(query.slice(1), isSpecial(record.scheme) ? SETS.specialQuery : SETS.query);
        if (fragment !== "") record.fragment = encoded(fragment.slice(1), SETS.fragment);
        return rest;
    };
    const setPort = (record, text) => {
        if (!/^\d*$/.test(text)) return false;
        if (text === "") { record.port = ""; return true; }
        const port = Number(text);
        if (port > 65535) return false;
        record.port = String(port) === PORTS[record.scheme] ? "" : String(port);
        return true;
    };
    const setHost = (record, text) => {
        const found = hostOf(text, isSpecial(record.scheme));
        if (found === undefined) return false;
        record.host = record.scheme === "file:" && found === "localhost" ? "" : found;
        return true;
    };
    // `user:password@host:port`, and what follows it.
    const authority = (record, text) => {
        const special = isSpecial(record.scheme);
        const [all, rest] = splitAt(text, special ? /[/\\?#]/ : /[/?#]/);
        const at = all.lastIndexOf("@"), address = all.slice(at + 1);
        if (at >= 0) {
            const [user, password] = splitAt(all.slice(0, at), /:/);
            record.username = encoded(user, SETS.user);
            record.password = encoded(password.slice(1), SETS.user);
        }
        const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(address) ?? [];
        if (name === undefined || (name === "" && (special || at >= 0 || port !== undefined))) return false;
        if (name === "") record.host = "";
        else if (!setHost(record, name)) return false;
        return setPort(record, port ?? "") && pathOf(record, rest);
    };
    const pathOf = (record, text) => {
        const rest = tail(record, text);
        const isRooted = rest.startsWith("/") || (isSpecial(record.scheme) && rest.startsWith("\\"));
        if (rest !== "" || isSpecial(record.scheme)) record.path = walked(record.scheme, [], isRooted ? rest.slice(1) : rest);
        return true;
    };
    const file = (record, text, base) => {
        record.host = "";
        const slash = (at) => text[at] === "/" || text[at] === "\\";
        if (slash(0) && slash(1)) {
            const [name, rest] = splitAt(text.slice(2), /[/\\?#]/);
            if (isDrive(name)) return pathOf(record, text.slice(2));
            if (name !== "" && !setHost(record, name)) return false;
            return pathOf(record, rest);
        }
        const isOfFile = base?.scheme === "file:";
        if (isDrive(text.slice(0, 2)) && (text.length === 2 || /[/\\?#]/.test(text[2]))) return pathOf(record, text);
        if (isOfFile) record.host = base.host;
        if (slash(0) || !isOfFile) return pathOf(record, text);
        return beside(record, text, base);
    };
    const beside = (record, text, base) => {
        Object.assign(record, { username: base.username, password: base.password, host: base.host, port: base.port, path: [...base.path] });
        if (text === "" || text[0] === "#") record.query = base.query;
        const rest = tail(record, text);
        if (rest !== "") record.path = walked(record.scheme, base.path.slice(0, -1), rest);
        return true;
    };
    const relative = (record, text, base) => {
        const special = isSpecial(record.scheme), slash = (at) => text[at] === "/" || (special && text[at] === "\\");
        if (slash(0) && slash(1)) return authority(record, special ? text.replace(/^[/\\]+/, "") : text.slice(2));
        if (!slash(0)) return beside(record, text, base);
        Object.assign(record, { username: base.username, password: base.password, host: base.host, port: base.port });
        return pathOf(record, text);
    };
    const fresh = (scheme) => ({ scheme, username: "", password: "", host: null, port: "", path: [], query: null, fragment: null });
    const withScheme = (record, text, base) => {
        if (record.scheme === "file:") return file(record, text, base);
        if (isSpecial(record.scheme)) {
            const isRelative = base?.scheme === record.scheme && !/^[/\\]{2}/.test(text);
            return isRelative ? relative(record, text, base) : authority(record, text.replace(/^[/\\]*/, ""));
        }
        if (text.startsWith("//")) return authority(record, text.slice(2));
        if (text.startsWith("/")) return pathOf(record, text);
        record.path = encoded(tail(record, text), SETS.control);
        return true;
    };
    const parse = (input, base) => {
        const text = input.toWellFormed().replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
        const [, scheme, rest] = /^([A-Za-z][A-Za-z\d+.-]*:)(.*)$/s.exec(text) ?? [];
        const record = fresh(scheme?.toLowerCase() ?? base?.scheme);
        if (scheme) return withScheme(record, rest, base) ? record : undefined;
        if (!base) return undefined;
        if (typeof base.path === "string") {
            if (text[0] !== "#") return undefined;
            return { ...base, fragment: encoded(text.slice(1), SETS.fragment) };
        }
        return (base.scheme === "file:" ? file(record, text, base) : relative(record, text, base)) ? record : undefined;
    };
    const pathname = (record) => (typeof record.path === "string" ? record.path : record.path.map((part) => `/${part}`).join(""));
    const address = (record) => record.host + (record.port === "" ? "" : `:${record.port}`);
    const user = (record) => (record.username || record.password
        ? `${record.username}${record.password ? `:${record.password}` : ""}@` : "");
    const written = (record, hasFragment = true) => {
        const dots = record.host === null && typeof record.path !== "string" && record.path.length > 1 && record.path[0] === "" ? "/." : "";
        return record.scheme + (record.host === null ? dots : `//${user(record)}${address(record)}`) + pathname(record)
            + (record.query === null ? "" : `?${record.query}`) + (hasFragment && record.fragment !== null ? `#${record.fragment}` : "");
    };

    // --- parameters -----------------------------------------------------------------------------------------------------
    const formDecoded = (text) => decoded(text.replaceAll("+", " "));
    const formEncoded = (text) => encoded(text, "!\"#$%&'()+,/:;<=>?@[\\]^`{|}~").replaceAll("%20", "+").replaceAll(" ", "+");
    const pairsOf = (text) => text.split("&").filter((one) => one !== "").map((one) => {
        const [name, value] = splitAt(one, /=/);
        return [formDecoded(name), formDecoded(value.slice(1))];
    });
    const string = (value) => {
        if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
        return String(value).toWellFormed();
    };
    let attach;
    // Goes through the pairs that there are meanwhile.
    class Pairs extends Iterator {
        #pairs; #part; #at = 0;
        constructor(pairs, part) { super(); this.#pairs = pairs; this.#part = part; }
        next() {
            const pairs = this.#pairs();
            return this.#at < pairs.length ? { value: this.#part(pairs[this.#at++]), done: false } : { value: undefined, done: true };
        }
        get [Symbol.toStringTag]() { return "URLSearchParams Iterator"; }
        [inspect.custom](depth, options) {
            if (depth < 0) return "[Object]";
            const shown = this.#pairs().slice(this.#at).map((pair) => inspect(this.#part(pair), options));
            return shown.length === 0 ? "URLSearchParams Iterator {  }" : `URLSearchParams Iterator { ${shown.join(", ")} }`;
        }
    }
    class URLSearchParams {
        #pairs = []; #changed;
        static { attach = (params, pairs, changed) => { params.#pairs = pairs; if (changed) params.#changed = changed; return params; }; }
        constructor(from) {
            if (from === undefined || from === null) return;
            if (typeof from === "object" || typeof from === "function") {
                const pairs = typeof from[Symbol.iterator] === "function" ? [...from].map((pair) => [...pair]) : Object.entries(from);
                if (pairs.some((pair) => pair.length !== 2)) {
                    throw Object.assign(new TypeError("Each query pair must be an iterable [name, value] tuple"), { code: "ERR_INVALID_TUPLE" });
                }
                this.#pairs = pairs.map((pair) => pair.map(string));
            } else this.#pairs = pairsOf(string(from).replace(/^\?/, ""));
        }
        #set(pairs) { this.#pairs = pairs; this.#told(); }
        #told() { this.#changed?.(this.toString()); }
        get size() { return this.#pairs.length; }
        append(name, value) { this.#pairs.push([string(name), string(value)]); this.#told(); }
        delete(name, value) { this.#set(this.#pairs.filter(([one, other]) => one !== string(name) || (value !== undefined && other !== string(value)))); }
        get(name) { return this.#pairs.find(([one]) => one === string(name))?.[1] ?? null; }
        getAll(name) { return this.#pairs.filter(([one]) => one === string(name)).map(([, value]) => value); }
        has(name, value) { return this.#pairs.some(([one, other]) => one === string(name) && (value === undefined || other === string(value))); }
        set(name, value) {
            const at = this.#pairs.findIndex(([one]) => one === string(name));
            if (at < 0) return this.append(name, value);
            this.#set(this.#pairs.flatMap((pair, index) => (index === at ? [[pair[0], string(value)]] : pair[0] === string(name) ? [] : [pair])));
        }
        sort() { this.#set([...this.#pairs].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))); }
        forEach(action, self) { for (const [name, value] of this.#pairs) action.call(self, value, name, this); }
        entries() { return new Pairs(() => this.#pairs, (pair) => [...pair]); }
        keys() { return new Pairs(() => this.#pairs, ([name]) => name); }
        values() { return new Pairs(() => this.#pairs, ([, value]) => value); }
        [Symbol.iterator]() { return this.entries(); }
        toString() { return this.#pairs.map(([name, value]) => `${formEncoded(name)}=${formEncoded(value)}`).join("&"); }
        get [Symbol.toStringTag]() { return "URLSearchParams"; }
        [inspect.custom]() {
            const shown = this.#pairs.map(([name, value]) => `${inspect(name)} => ${inspect(value)}`);
            return shown.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${shown.join(", ")} }`;
        }
    }

    // --- the class --------------------------------------------------------------------------------------------------------
    const recordOf = (input, base) => {
        const from = base === undefined ? undefined : parse(string(base));
        return base !== undefined && from === undefined ? undefined : parse(string(input), from);
    };
    const SHOWN = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"];
    class URL {
        #record; #params;
        constructor(input, base) {
            if (arguments.length === 0) throw Object.assign(new TypeError('The "url" argument must be specified'), { code: "ERR_MISSING_ARGS" });
            const record = recordOf(input, base);
            if (!record) throw invalid(String(input), base === undefined ? undefined : String(base));
            this.#record = record;
        }
        static canParse(input, base) { return recordOf(input, base) !== undefined; }
        static parse(input, base) { return URL.canParse(input, base) ? new URL(input, base) : null; }
        get href() { return written(this.#record); }
        set href(value) {
            const record = recordOf(value);
            if (!record) throw invalid(String(value));
            this.#record = record;
            this.#told();
        }
        get origin() {
            const { scheme, path } = this.#record;
            if (scheme === "blob:") { const inner = recordOf(path); return inner && /^https?:$/.test(inner.scheme) ? `${inner.scheme}//${address(inner)}` : "null"; }
            return isSpecial(scheme) && scheme !== "file:" ? `${scheme}//${address(this.#record)}` : "null";
        }
        get protocol() { return this.#record.scheme; }
        set protocol(value) {
            const scheme = /^([A-Za-z][A-Za-z\d+.-]*)(:|$)/.exec(string(value))?.[1].toLowerCase() + ":", record = this.#record;
            if (scheme === "undefined:" || isSpecial(scheme) !== isSpecial(record.scheme)) return;
            if (scheme === "file:" && (user(record) || record.port)) return;
            if (record.scheme === "file:" && record.host === "") return;
            record.scheme = scheme;
            if (record.port === PORTS[scheme]) record.port = "";
        }
        get #hasAuthority() { return this.#record.host !== null && this.#record.host !== "" && this.#record.scheme !== "file:"; }
        get username() { return this.#record.username; }
        set username(value) { if (this.#hasAuthority) this.#record.username = encoded(string(value), SETS.user); }
        get password() { return this.#record.password; }
        set password(value) { if (this.#hasAuthority) this.#record.password = encoded(string(value), SETS.user); }
        get host() { return this.#record.host === null ? "" : address(this.#record); }
        set host(value) {
            const [, name, port] = /^(\[[^\]]*\]|[^:/?#\\]*)(?::(\d*))?/.exec(string(value)) ?? [];
            const record = this.#record;
            if (typeof record.path === "string" || name === undefined || (record.scheme === "file:" && port !== undefined)) return;
            if (name === "" && !isSpecial(record.scheme) && port === undefined && !user(record) && !record.port) record.host = "";
            else if (name !== "" && setHost(record, name) && port) setPort(record, port);
        }
        get hostname() { return this.#record.host ?? ""; }
        set hostname(value) {
            const [, name, rest] = /^(\[[^\]]*\]|[^:/?#\\]*)(.?)/s.exec(string(value)) ?? [];
            if (typeof this.#record.path !== "string" && name && rest !== ":") setHost(this.#record, name);
        }
        get port() { return this.#record.port; }
        set port(value) {
            const text = string(value), digits = /^\d+/.exec(text);
            if (this.#hasAuthority && (digits || text === "")) setPort(this.#record, digits?.[0] ?? "");
        }
        get pathname() { return pathname(this.#record); }
        set pathname(value) {
            const record = this.#record, text = string(value);
            if (typeof record.path === "string") return;
            const isRooted = text.startsWith("/") || (isSpecial(record.scheme) && text.startsWith("\\"));
            const before = text.replaceAll("?", "%3F").replaceAll("#", "%23");
            record.path = text === "" && !isSpecial(record.scheme) ? [] : walked(record.scheme, [], isRooted ? before.slice(1) : before);
        }
        get search() { return this.#record.query ? `?${this.#record.query}` : ""; }
        set search(value) {
            const text = string(value).replace(/^\?/, "");
            this.#record.query = string(value) === "" ? null : encoded(text, isSpecial(this.#record.scheme) ? SETS.specialQuery : SETS.query);
            this.#told();
        }
        get searchParams() {
            return (this.#params ??= attach(new URLSearchParams(), pairsOf(this.#record.query ?? ""), (text) => {
                this.#record.query = text === "" ? null : text;
            }));
        }
        #told() { if (this.#params) attach(this.#params, pairsOf(this.#record.query ?? "")); }
        get hash() { return this.#record.fragment ? `#${this.#record.fragment}` : ""; }
        set hash(value) {
            const text = string(value);
            this.#record.fragment = text === "" ? null : encoded(text.replace(/^#/, ""), SETS.fragment);
        }
        toString() { return this.href; }
        toJSON() { return this.href; }
        get [Symbol.toStringTag]() { return "URL"; }
        [inspect.custom](depth) {
            if (depth < 0) return `[URL]`;
            return `URL {\n${SHOWN.map((name) => `  ${name}: ${inspect(this[name])}`).join(",\n")}\n}`;
        }
    }
    hidden(global, "URL", URL);
    hidden(global, "URLSearchParams", URLSearchParams);
    return { URL, URLSearchParams, formEncoded, formDecoded, splitAt };
}
