// node's path, as it is where a `/` separates, and its url.
(host, parts) => {
    "use strict";
    const { coded } = parts.base;
    const { wrong } = parts.buffer;
    const { URL, URLSearchParams } = parts.url;
    const { querystring } = parts.util;
    const text = (value, name = "path") => { if (typeof value !== "string") throw wrong(name, "of type string", value); return value; };

    // --- path -------------------------------------------------------------------------------------------------------------
    const walked = (given, isRooted) => {
        const pieces = [];
        for (const piece of given.split("/")) {
            if (piece === "" || piece === ".") continue;
            if (piece !== "..") pieces.push(piece);
            else if (pieces.length > 0 && pieces.at(-1) !== "..") pieces.pop();
            else if (!isRooted) pieces.push("..");
        }
        return pieces.join("/");
    };
    // The last piece: [WHERE IT BEGINS, ITS END], without the slashes after it.
    const last = (given) => {
        let end = given.length;
        while (end > 0 && given[end - 1] === "/") end--;
        return [given.lastIndexOf("/", end - 1) + 1, end];
    };
    const suffixOf = (name) => { const at = name.lastIndexOf("."); return at <= 0 || name === ".." ? "" : name.slice(at); };
    const path = {
        sep: "/", delimiter: ":",
        normalize(given) {
            if (text(given) === "") return ".";
            const isRooted = given.startsWith("/"), walk = walked(given, isRooted), end = given.endsWith("/") && (walk !== "" || !isRooted) ? "/" : "";
            return (isRooted ? "/" : "") + (walk === "" && !isRooted ? "." : walk) + end;
        },
        join(...pieces) {
            const whole = pieces.filter((one) => text(one) !== "").join("/");
            return whole === "" ? "." : path.normalize(whole);
        },
        resolve(...pieces) {
            let whole = "";
            for (let at = pieces.length - 1; at >= 0 && !whole.startsWith("/"); at--) if (text(pieces[at], `paths[${at}]`) !== "") whole = `${pieces[at]}/${whole}`;
            return `/${walked(whole, true)}`;
        },
        isAbsolute: (given) => text(given).startsWith("/"),
        relative(from, to) {
            text(from, "from"), text(to, "to");
            const [a, b] = [path.resolve(from), path.resolve(to)].map((one) => one.split("/").filter((piece) => piece !== ""));
            let shared = 0;
            while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
            return [...a.slice(shared).fill(".."), ...b.slice(shared)].join("/");
        },
        toNamespacedPath: (given) => given,
        dirname(given) {
            if (text(given) === "") return ".";
            const [start, end] = last(given);
            if (end === 0) return given[0] === "/" ? "/" : ".";
            let stop = start;
            while (stop > 0 && given[stop - 1] === "/") stop--;
            // node keeps two slashes at the start of a path.
            if (stop === 0) return start === 0 ? "." : start >= 2 ? "//" : "/";
            return start - stop >= 1 ? given.slice(0, start - 1) : given.slice(0, stop);
        },
        basename(given, suffix) {
            const [start, end] = last(text(given)), name = given.slice(start, end);
            if (suffix !== undefined && suffix === given) return "";
            if (suffix === undefined) return name;
            return text(suffix, "suffix") !== "" && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
        },
        extname: (given) => suffixOf(path.basename(text(given))),
        parse(given) {
            const root = text(given).startsWith("/") ? "/" : "", [start] = last(given), base = path.basename(given), ext = suffixOf(base);
            const dir = start > 1 ? given.slice(0, start - 1) : start === 1 ? "/" : "";
            return { root, dir: base === "" && root ? "/" : dir, base, ext, name: ext === "" ? base : base.slice(0, -ext.length) };
        },
        format(given) {
            if (given === null || typeof given !== "object") throw wrong("pathObject", "of type object", given);
            const dir = given.dir || given.root, base = given.base || `${given.name ?? ""}${given.ext ? `${given.ext[0] === "." ? "" : "."}${given.ext}` : ""}`;
            return !dir ? base : dir === given.root ? `${dir}${base}` : `${dir}/${base}`;
        },
        matchesGlob() { throw new Error("path.matchesGlob is not here; a RegExp is"); },
    };
    path.posix = path;
    Object.defineProperty(path, "win32", { get() { throw new Error("path.win32 is not here: files here have names with /"); }, enumerable: false });

    // --- url --------------------------------------------------------------------------------------------------------------
    const fileURLToPath = (given) => {
        const url = typeof given === "string" ? new URL(given) : given;
        if (!(url instanceof URL)) throw wrong("path", "of type string or an instance of URL", given);
        if (url.protocol !== "file:") throw coded(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
        if (url.hostname !== "") throw coded(TypeError, "ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
        if (/%2f/i.test(url.pathname)) throw coded(TypeError, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
        return decodeURIComponent(url.pathname);
    };
    const ESCAPED = { "%": "%25", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\t": "%09", "?": "%3F", "#": "%23" };
    const pathToFileURL = (given) => {
        const whole = path.resolve(text(given)) + (given.endsWith("/") && given !== "/" ? "/" : "");
        return new URL(`file://${whole.replace(/[%\\\n\r\t?#]/g, (one) => ESCAPED[one])}`);
    };
    // Addresses as `url.parse` has taken them apart since before there was URL.
    class Url { }
    const SLASHED = /^(https?|ftp|file|gopher|wss?):$/;
    const FIELDS = ["protocol", "slashes", "auth", "host", "port", "hostname", "hash", "search", "query", "pathname", "path", "href"];
    const escaped = (rest) => rest.replace(/[\t\n\r "'<>\\^`{|}]/g, (one) => (one === "\\" ? "/" : `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`));
    const parse = (given, withQuery = false, slashesDenote = false) => {
        if (given instanceof Url) return given;
        const url = Object.assign(new Url(), Object.fromEntries(FIELDS.map((name) => [name, null])));
        let rest = text(given, "url").trim();
        const at = rest.search(/[?#]/), before = at < 0 ? rest : rest.slice(0, at);
        rest = before.replaceAll("\\", "/") + rest.slice(before.length);
        const scheme = /^[a-z\d.+-]+:/i.exec(rest)?.[0];
        if (scheme) { url.protocol = scheme.toLowerCase(); rest = rest.slice(scheme.length); }
        const isSlashed = rest.startsWith("//") && (slashesDenote || scheme !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest)) && url.protocol !== "javascript:";
        if (isSlashed) { url.slashes = true; rest = rest.slice(2); }
        const isAddressed = isSlashed || (url.protocol !== null && !SLASHED.test(url.protocol) && url.protocol !== "javascript:");
        if (isAddressed) {
            const end = rest.search(/[/?#]/), authority = end < 0 ? rest : rest.slice(0, end), sign = authority.lastIndexOf("@");
            rest = end < 0 ? "" : rest.slice(end);
            if (sign >= 0) url.auth = decodeURIComponent(authority.slice(0, sign));
            const [, name, port] = /^(.*?)(?::(\d*))?$/s.exec(authority.slice(sign + 1));
            if (port) url.port = port;
            const lower = name.toLowerCase(), ascii = /[^\x00-\x7f]/.test(lower) && URL.canParse(`http://${lower}`) ? new URL(`http://${lower}`).hostname : lower;
            url.hostname = ascii.replace(/^\[(.*)\]$/, "$1");
            url.host = ascii + (url.port ? `:${url.port}` : "");
        }
        rest = escaped(rest);
        const hash = rest.indexOf("#");
        if (hash >= 0) { url.hash = rest.slice(hash); rest = rest.slice(0, hash); }
        const query = rest.indexOf("?");
        if (query >= 0) {
            url.search = rest.slice(query);
            url.query = withQuery ? querystring.parse(url.search.slice(1)) : url.search.slice(1);
            rest = rest.slice(0, query);
        } else if (withQuery) [url.search, url.query] = [null, Object.create(null)];
        if (rest !== "") url.pathname = rest;
        if (SLASHED.test(url.protocol ?? "") && url.hostname && !url.pathname) url.pathname = "/";
        if (url.pathname || url.search) url.path = (url.pathname ?? "") + (url.search ?? "");
        url.href = format(url);
        return url;
    };
    const format = (given, options = {}) => {
        if (given instanceof URL) {
            const copy = new URL(given);
            if (options.fragment === false) copy.hash = "";
            if (options.search === false) copy.search = "";
            if (options.auth === false) copy.username = copy.password = "";
            return copy.href;
        }
        if (typeof given === "string") return parse(given).href;
        const { auth, hostname, port, pathname = "", hash = "", slashes } = given;
        let protocol = given.protocol ?? "", host = "";
        if (protocol && !protocol.endsWith(":")) protocol += ":";
        const user = auth ? `${encodeURIComponent(auth).replace(/%3A/i, ":")}@` : "";
        if (given.host) host = user + given.host;
        else if (hostname) host = user + (hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname) + (port ? `:${port}` : "");
        const query = given.query !== null && typeof given.query === "object" ? querystring.stringify(given.query) : "";
        let search = given.search || (query && `?${query}`) || "", path = (pathname ?? "").replace(/[?#]/g, (one) => (one === "#" ? "%23" : "%3F"));
        const isSlashed = slashes || (SLASHED.test(protocol) && host !== "");
        if (isSlashed) { host = `//${host}`; if (path && path[0] !== "/") path = `/${path}`; }
        if (search && search[0] !== "?") search = `?${search}`;
        const fragment = hash && hash[0] !== "#" ? `#${hash}` : hash ?? "";
        return protocol + host + path + search.replaceAll("#", "%23") + fragment;
    };
    const resolve = (from, to) => {
        const nowhere = "resolve://nowhere.invalid", base = new URL(text(from, "from"), nowhere), found = new URL(text(to, "to"), base);
        if (found.href.startsWith(nowhere)) {
            const rooted = found.pathname + found.search + found.hash;
            return from.startsWith("/") || to.startsWith("/") ? rooted : rooted.slice(1);
        }
        return found.href;
    };
    const domain = (name) => (URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : "");
    const urlToHttpOptions = (url) => ({ protocol: url.protocol, hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"), hash: url.hash, search: url.search, pathname: url.pathname, path: `${url.pathname}${url.search}`, href: url.href,
        ...(url.port && { port: Number(url.port) }), ...((url.username || url.password) && { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }) });
    return { path, url: { URL, URLSearchParams, Url, parse, format, resolve, resolveObject: (from, to) => parse(resolve(from, to)), fileURLToPath, pathToFileURL, domainToASCII: domain, urlToHttpOptions } };
}
