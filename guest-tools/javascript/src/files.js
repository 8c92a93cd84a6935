// Files: `files`, which has what most code needs of them, and node's fs.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { isBytes, viewed, textOf, bytesOf } = parts.text;
    const { Buffer, wrong } = parts.buffer;
    const { path, url: { URL, fileURLToPath } } = parts.path;
    const { inspect } = parts.show;

    const NUMBERS = { EPERM: -1, ENOENT: -2, EBADF: -9, EACCES: -13, EEXIST: -17, ENOTDIR: -20, EISDIR: -21, EINVAL: -22, EFBIG: -27, ENOSPC: -28, EROFS: -30, ENOTEMPTY: -39 };
    // What has to do with two files.
    const PAIRS = ["copyfile", "rename"];
    // What the host refuses has node's code and the name of the file.
    const told = (action, call) => (...values) => {
        try {
            return action(...values);
        } catch (error) {
            const [, code, says, syscall, name] = /^(E[A-Z]+): (.*?), (\w+) '(.*)'$/s.exec(error.message) ?? [];
            if (code && PAIRS.includes(call)) throw failed(code, says, call, nameOf(values[0]), nameOf(values[1]));
            if (code) Object.assign(error, { errno: NUMBERS[code], code, syscall: call ?? syscall, path: name });
            const message = code && call && call !== syscall ? error.message.replace(`, ${syscall} '`, `, ${call} '`) : error.message;
            // As of an error that JavaScript made: `Object.keys` does not have it.
            Object.defineProperty(error, "message", { value: message, enumerable: false });
            throw error;
        }
    };
    const failed = (code, says, call, name, into) =>
        Object.assign(new Error(`${code}: ${says}, ${call} '${name}'${into === undefined ? "" : ` -> '${into}'`}`), { errno: NUMBERS[code], code, syscall: call, path: name, ...(into !== undefined && { dest: into }) });
    const nameOf = (name) => {
        if (typeof name === "string") return name;
        if (name instanceof URL) return fileURLToPath(name);
        if (isBytes(name)) return textOf(viewed(name), "utf8");
        throw wrong("path", "of type string or an instance of Buffer or URL", name);
    };
    // What is written below /tmp makes it, for it is there wherever code ran before.
    const placeOf = (name) => {
        const file = nameOf(name);
        if (/^\/tmp\/./.test(file)) try { if (!host.stat("/tmp")) host.makeDirectory("/tmp"); } catch { /* what is written says why */ }
        return file;
    };
    const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding ?? undefined);
    const put = (appends) => told((name, data, options) => {
        const isAppended = appends || /^a/.test(options?.flag ?? ""), file = placeOf(name);
        if (/x/.test(options?.flag ?? "") && host.stat(file)) throw failed("EEXIST", "file already exists", "open", file);
        if (isBytes(data)) return host.writeBytes(file, viewed(data), isAppended);
        if (data === null || data === undefined || typeof data === "object" || typeof data === "function") {
            throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `a file holds text or bytes, not ${inspect(data, { depth: 0 })}`);
        }
        return host.writeBytes(file, bytesOf(String(data), encodingOf(options) ?? "utf8"), isAppended);
    });
    const bare = (name) => (name.endsWith("/") ? name.slice(0, -1) : name);
    const entries = told((name) => host.list(nameOf(name)));
    const isThere = (name) => { try { return host.stat(nameOf(name)) !== undefined; } catch { return false; } };
    const files = {
        read: told((name) => host.read(nameOf(name))),
        readBytes: told((name) => host.readBytes(nameOf(name))),
        write: put(false), append: put(true), list: (name = ".") => entries(name).map(bare), exists: isThere,
        remove: told((name) => host.remove(nameOf(name))),
    };
    hidden(global, "files", files);

    // --- fs ---------------------------------------------------------------------------------------------------------------
    const TIMES = ["atime", "mtime", "ctime", "birthtime"];
    class Stats {
        #isDirectory;
        constructor([isDirectory, size]) { this.#isDirectory = isDirectory; Object.assign(this, { size, mode: isDirectory ? 0o40755 : 0o100644, nlink: 1, uid: 0, gid: 0 }); }
        isDirectory() { return this.#isDirectory; }
        isFile() { return !this.#isDirectory; }
        isSymbolicLink() { return false; }
    }
    for (const name of TIMES.flatMap((time) => [time, `${time}Ms`])) {
        Object.defineProperty(Stats.prototype, name, { get() { throw new Error(`a file here has no ${name}: a run is the same when it is run again, and times of files would not be`); }, configurable: true });
    }
    class Dirent {
        #isDirectory;
        constructor(entry, parent) { this.#isDirectory = entry.endsWith("/"); Object.assign(this, { name: bare(entry), parentPath: parent, path: parent }); }
        isDirectory() { return this.#isDirectory; }
        isFile() { return !this.#isDirectory; }
        isSymbolicLink() { return false; }
    }
    const statOf = (call) => (name, options) => {
        const file = nameOf(name), stat = host.stat(file);
        if (stat) return new Stats(stat);
        if (options?.throwIfNoEntry === false) return undefined;
        throw failed("ENOENT", "no such file or directory", call, file);
    };
    const bytesOfFile = told((name, options) => {
        const file = nameOf(name), encoding = encodingOf(options);
        const bytes = host.readBytes(file);
        return encoding === undefined || encoding === "buffer" ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : textOf(bytes, encoding);
    });
    const listed = (name, options) => {
        const parent = nameOf(name), found = [];
        const walk = (below) => {
            for (const entry of entries(below === "" ? parent : path.join(parent, below))) {
                found.push([entry, below]);
                if (options?.recursive && entry.endsWith("/")) walk(path.join(below, bare(entry)));
            }
        };
        walk("");
        if (options?.withFileTypes) return found.map(([entry, below]) => new Dirent(entry, below === "" ? parent : path.join(parent, below)));
        return found.map(([entry, below]) => path.join(below, bare(entry)));
    };
    const makeDirectory = told((name, options) => {
        const directory = placeOf(name);
        if (!options?.recursive) return host.makeDirectory(directory);
        let first;
        const pieces = directory.split("/");
        for (let count = 1; count <= pieces.length; count++) {
            const below = pieces.slice(0, count).join("/");
            if (below === "" || below === "." || host.stat(below)?.[0]) continue;
            host.makeDirectory(below);
            first ??= path.resolve(below);
        }
        return first;
    });
    const removeAll = (name, options) => {
        const file = nameOf(name), stat = host.stat(file);
        if (!stat && options?.force) return;
        if (!stat) throw failed("ENOENT", "no such file or directory", "lstat", file);
        if (stat[0] && !options?.recursive) throw coded(Error, "ERR_FS_EISDIR", `Path is a directory: rm returned EISDIR (is a directory) ${file}`);
        if (stat[0]) for (const entry of entries(file)) removeAll(path.join(file, bare(entry)), options);
        told(host.remove)(file);
    };
    const copy = told((from, to, mode) => {
        const source = nameOf(from), target = placeOf(to);
        if (mode & 1 && host.stat(target)) throw failed("EEXIST", "file already exists", "copyfile", source, target);
        host.writeBytes(target, host.readBytes(source), false);
    }, "copyfile");
    const copyAll = (from, to, options) => {
        const source = nameOf(from), target = placeOf(to);
        if (!host.stat(source)) throw failed("ENOENT", "no such file or directory", "lstat", source);
        if (!host.stat(source)[0]) return copy(source, target);
        if (!options?.recursive) throw coded(Error, "ERR_FS_EISDIR", `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${source} is a directory)`);
        makeDirectory(target, { recursive: true });
        for (const entry of entries(source)) copyAll(path.join(source, bare(entry)), path.join(target, bare(entry)), options);
    };
    const access = (name) => { const file = nameOf(name); if (!host.stat(file)) throw failed("ENOENT", "no such file or directory", "access", file); };
    const writable = (data) => {
        if (typeof data === "string" || isBytes(data)) return data;
        throw wrong("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
    };
    // What comes one after the other, as one.
    const whole = async (data, options) => {
        if (data === null || typeof data !== "object" || isBytes(data) || !(data[Symbol.asyncIterator] ?? data[Symbol.iterator])) return data;
        const pieces = [];
        for await (const one of data) pieces.push(Buffer.from(writable(one), encodingOf(options)));
        return Buffer.concat(pieces);
    };
    const synchronous = {
        readFile: bytesOfFile, writeFile: (name, data, options) => { files.write(name, writable(data), options); }, appendFile: (name, data, options) => { files.append(name, writable(data), options); },
        readdir: listed, unlink: (name) => { files.remove(name); }, rm: removeAll, mkdir: makeDirectory, stat: statOf("stat"), lstat: statOf("lstat"), access, copyFile: copy, cp: copyAll,
        rmdir: told((name, options) => (options?.recursive ? removeAll(name, options) : host.remove(nameOf(name))), "rmdir"), rename: told((from, to) => host.rename(nameOf(from), placeOf(to)), "rename"),
        truncate: (name, length = 0) => { const bytes = host.readBytes(nameOf(name)), kept = new Uint8Array(length); kept.set(bytes.subarray(0, length)); host.writeBytes(nameOf(name), kept, false); },
        mkdtemp: told((prefix) => { const name = placeOf(prefix) + textOf(host.entropy(3), "hex"); host.makeDirectory(name); return name; }), realpath: (name) => { access(name); return path.resolve(nameOf(name)); },
    };
    const LATER = ["watch", "watchFile", "open", "openSync", "symlinkSync", "chmodSync", "utimesSync", "linkSync"];
    const fs = { existsSync: isThere, exists: (name, callback) => { global.setImmediate(callback, isThere(name)); }, constants: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, COPYFILE_EXCL: 1 }, promises: {}, Stats, Dirent };
    for (const [name, action] of Object.entries(synchronous)) {
        fs[`${name}Sync`] = action;
        fs.promises[name] = async (...values) => action(...values);
        fs[name] = (...values) => {
            const callback = values.pop();
            if (typeof callback !== "function") throw wrong("cb", "of type function", callback);
            let end;
            try { const value = action(...values); end = [null, value]; } catch (error) { end = [error]; }
            global.setImmediate(callback, ...end);
        };
    }
    for (const name of ["writeFile", "appendFile"]) fs.promises[name] = async (file, data, options) => synchronous[name](file, await whole(data, options), options);
    const PIECE = 65536, FD = 3;
    // What a stream of a file does before anything is read or written: a file that cannot be is told, and one that can be, once.
    const opening = (stream, name, open) => {
        let isOpen = false;
        const begin = (...values) => {
            open(...values);
            if (isOpen) return;
            isOpen = true;
            stream.emit("open", FD);
            stream.emit("ready");
        };
        hidden(stream, "path", nameOf(name));
        global.setImmediate(() => { if (!stream.destroyed && !isOpen) try { begin(); } catch (error) { stream.destroy(error); } });
        return begin;
    };
    fs.createReadStream = (name, options) => {
        let bytes, at = 0;
        const stream = new parts.stream.stream.Readable({
            encoding: encodingOf(options),
            read() {
                try {
                    begin();
                    const piece = bytes.subarray(at, (at += PIECE));
                    stream.bytesRead += piece.length;
                    this.push(piece.length > 0 ? piece : null);
                } catch (error) { this.destroy(error); }
            },
        });
        const begin = opening(stream, name, () => { bytes ??= bytesOfFile(name).subarray(options?.start ?? 0, (options?.end ?? Infinity) + 1); });
        hidden(stream, "bytesRead", 0);
        return stream;
    };
    fs.createWriteStream = (name, options) => {
        const flag = (typeof options === "object" && options?.flags) || "w", NONE = new Uint8Array();
        let isBegun = false;
        const stream = new parts.stream.stream.Writable({
            write(chunk, encoding, done) { try { begin(chunk); done(); } catch (error) { done(error); } },
            final(done) { try { begin(); done(); } catch (error) { done(error); } },
        });
        const begin = opening(stream, name, (bytes = NONE) => {
            if (isBegun && bytes === NONE) return;
            files.write(name, bytes, { flag: isBegun ? "a" : flag });
            isBegun = true;
            stream.bytesWritten += bytes.length;
        });
        hidden(stream, "bytesWritten", 0);
        return stream;
    };
    fs.promises.constants = fs.constants;
    for (const name of LATER) fs[name] = () => { throw new Error(`fs.${name} is not here: a file is read and written as a whole; there are ${Object.keys(synchronous).map((one) => `${one}Sync`).join(", ")}`); };
    return { files, fs };
}
