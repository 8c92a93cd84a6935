// Whether values are the same all through, and node's assert.
(host, parts) => {
    "use strict";
    const { coded } = parts.base;
    const { viewed } = parts.text;
    const { inspect } = parts.show, { messageOf } = parts.differences;

    // --- equality ---------------------------------------------------------------------------------------------------------
    const isObject = (value) => typeof value === "object" && value !== null;
    const tagOf = (value) => Object.prototype.toString.call(value);
    const KINDS = [Map, Set, Date, RegExp, Error, Promise, WeakMap, WeakSet, ArrayBuffer, Number, String, Boolean, BigInt, Symbol];
    const kindOf = (value) => (Array.isArray(value) ? Array : ArrayBuffer.isView(value) ? tagOf(value) : KINDS.find((kind) => value instanceof kind));
    const keysOf = (value, isStrict) => {
        const keys = Object.keys(value);
        return isStrict ? keys.concat(Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))) : keys;
    };
    const isSameBytes = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
    function isSame(one, other, isStrict, seen = []) {
        if (one === other) return isStrict ? one !== 0 || Object.is(one, other) : true;
        if (!isObject(one) || !isObject(other)) {
            if (isStrict || isObject(one) || isObject(other)) return Object.is(one, other);
            return one == other || (Number.isNaN(one) && Number.isNaN(other));
        }
        if (isStrict && Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
        if (tagOf(one) !== tagOf(other) || kindOf(one) !== kindOf(other)) return false;
        if (seen.some(([a, b]) => a === one && b === other)) return true;
        const around = [...seen, [one, other]], same = (a, b) => isSame(a, b, isStrict, around);
        return isSameInside(one, other, same, isStrict) && isSameKeys(one, other, same, isStrict);
    }
    const isSameInside = (one, other, same, isStrict) => {
        if (Array.isArray(one)) return one.length === other.length;
        if (one instanceof Date) return Object.is(one.getTime(), other.getTime());
        if (one instanceof RegExp) return String(one) === String(other) && one.lastIndex === other.lastIndex;
        if (one instanceof Error) return one.name === other.name && one.message === other.message && same(one.cause, other.cause) && same(one.errors, other.errors);
        if (one instanceof Number || one instanceof String || one instanceof Boolean || one instanceof Symbol) return Object.is(one.valueOf(), other.valueOf());
        if (ArrayBuffer.isView(one) && !(one instanceof DataView) && /Float/.test(tagOf(one))) return one.length === other.length && one.every((value, at) => (isStrict ? Object.is(value, other[at]) : value === other[at]));
        if (ArrayBuffer.isView(one) || one instanceof ArrayBuffer) return isSameBytes(viewed(one), viewed(other));
        if (one instanceof Set) return one.size === other.size && isSameSet(one, other, same);
        if (one instanceof Map) return one.size === other.size && isSameMap(one, other, same);
        if (one instanceof WeakMap || one instanceof WeakSet || one instanceof Promise) return false;
        return true;
    };
    // What has no like by itself has one among the others that are the same all through, each for one only.
    const isSameSet = (one, other, same) => {
        const left = [...other].filter((value) => !one.has(value));
        return [...one].every((value) => {
            if (other.has(value)) return true;
            const at = left.findIndex((candidate) => same(value, candidate));
            if (at >= 0) left.splice(at, 1);
            return at >= 0;
        });
    };
    const isSameMap = (one, other, same) => {
        const left = [...other].filter(([key]) => !one.has(key));
        return [...one].every(([key, value]) => {
            if (other.has(key)) return same(value, other.get(key));
            const at = left.findIndex(([candidate, held]) => same(key, candidate) && same(value, held));
            if (at >= 0) left.splice(at, 1);
            return at >= 0;
        });
    };
    const isSameKeys = (one, other, same, isStrict) => {
        if (ArrayBuffer.isView(one)) return true;
        const keys = keysOf(one, isStrict), others = keysOf(other, isStrict);
        return keys.length === others.length && keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]));
    };
    const isDeepStrictEqual = (one, other) => isSame(one, other, true);
    const isDeepEqual = (one, other) => isSame(one, other, false);

    // --- assert -----------------------------------------------------------------------------------------------------------
    class AssertionError extends Error {
        constructor({ message, actual, expected, operator = "fail" } = {}) {
            super(message ?? messageOf(actual, expected, operator));
            Object.assign(this, { generatedMessage: !message, code: "ERR_ASSERTION", actual, expected, operator });
        }
        get name() { return "AssertionError"; }
    }
    const fail = (message, usual, actual, expected, operator) => {
        if (message instanceof Error) throw message;
        const error = new AssertionError({ message: message ?? usual, actual, expected, operator });
        error.generatedMessage = message === undefined;
        throw error;
    };
    const assert = (...values) => ok(values, "==");
    const ok = (values, operator) => {
        if (values.length === 0) fail(undefined, "No value argument passed to `assert.ok()`", undefined, true, operator);
        const [value, message] = values;
        if (!value) fail(message, "The expression evaluated to a falsy value", value, true, operator);
    };
    const two = (operator, holds) => (...values) => {
        if (values.length < 2) throw coded(TypeError, "ERR_MISSING_ARGS", 'The "actual" and "expected" arguments must be specified');
        const [actual, expected, message] = values;
        if (!holds(actual, expected)) fail(message, undefined, actual, expected, operator);
    };
    const equalities = {
        equal: two("==", (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b))),
        notEqual: two("!=", (a, b) => !(a == b || (Number.isNaN(a) && Number.isNaN(b)))),
        strictEqual: two("strictEqual", Object.is),
        notStrictEqual: two("notStrictEqual", (a, b) => !Object.is(a, b)),
        deepEqual: two("deepEqual", isDeepEqual),
        notDeepEqual: two("notDeepEqual", (a, b) => !isDeepEqual(a, b)),
        deepStrictEqual: two("deepStrictEqual", isDeepStrictEqual),
        notDeepStrictEqual: two("notDeepStrictEqual", (a, b) => !isDeepStrictEqual(a, b)),
    };
    // Whether what was thrown is what was expected; throws what says that it is not.
    const check = (thrown, expected, message, operator) => {
        if (expected === undefined) return;
        const wrong = (usual) => fail(message, usual, thrown, expected, operator);
        if (expected instanceof RegExp) { if (!expected.test(String(thrown))) wrong(`The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(thrown))}\n`); return; }
        if (typeof expected === "function") {
            if (expected.prototype !== undefined && thrown instanceof expected) return;
            if (Error.isPrototypeOf(expected) || expected === Error) {
                if (message === undefined) fail(undefined, `The error is expected to be an instance of "${expected.name}". Received "${thrown?.constructor?.name ?? typeof thrown}"\n\nError message:\n\n${thrown?.message}`, thrown, expected, operator);
                wrong();
            }
            if (expected.call({}, thrown) !== true) wrong(`The ${expected.name ? `"${expected.name}" ` : ""}validation function is expected to return "true". Received ${inspect(false)}\n\nCaught error:\n\n${inspect(thrown)}`);
            return;
        }
        const keys = Object.keys(expected);
        if (expected instanceof Error) keys.push("name", "message");
        else if (keys.length === 0) throw coded(TypeError, "ERR_INVALID_ARG_VALUE", "The argument 'error' may not be an empty object. Received {}");
        for (const key of keys) {
            const isMatch = expected[key] instanceof RegExp && typeof thrown?.[key] === "string" ? expected[key].test(thrown[key]) : isObject(thrown) && key in thrown && isDeepStrictEqual(thrown[key], expected[key]);
            if (!isMatch) wrong(messageOf(new Comparison(thrown, keys), new Comparison(expected, keys, thrown), "deepStrictEqual"));
        }
    };
    class Comparison {
        constructor(object, keys, thrown) {
            for (const key of keys) {
                if (!isObject(object) || !(key in object)) continue;
                const isMatch = typeof thrown?.[key] === "string" && object[key] instanceof RegExp && object[key].test(thrown[key]);
                this[key] = isMatch ? thrown[key] : object[key];
            }
        }
    }
    const called = (action, name = "fn") => { if (typeof action !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "${name}" argument must be of type function. Received ${inspect(action)}`); return action; };
    const promised = (action) => { const promise = typeof action === "function" ? action() : action; if (typeof promise?.then !== "function") throw coded(TypeError, "ERR_INVALID_RETURN_VALUE", 'Expected instance of Promise to be returned from the "promiseFn" function'); return promise; };
    const expectation = (expected, message) => (typeof expected === "string" ? [undefined, expected] : [expected, message]);
    const refused = (message, actual, expected, operator) => { throw new AssertionError({ message, actual, expected, operator }); };
    const missing = (expected, message, what, operator) => refused(`Missing expected ${what}${expected?.name ? ` (${expected.name})` : ""}${message ? `: ${message}` : "."}`, undefined, expected, operator);
    const unwanted = (error, message, what, operator) => refused(`Got unwanted ${what}${message ? `: ${message}` : "."}\nActual message: "${error?.message}"`, error, undefined, operator);
    const matches = (text, pattern, message, wanted, operator) => {
        if (!(pattern instanceof RegExp)) throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "regexp" argument must be an instance of RegExp');
        const says = wanted ? "did not match the regular expression" : "was expected to not match the regular expression";
        if (typeof text !== "string") fail(message, `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`, text, pattern, operator);
        if (pattern.test(text) !== wanted) fail(message, `The input ${says} ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, text, pattern, operator);
    };
    Object.assign(assert, equalities, {
        AssertionError, ok: (...values) => ok(values, "=="), fail: (message) => fail(message, "Failed", undefined, undefined, "fail"),
        throws(action, wanted, told) {
            const [expected, message] = expectation(wanted, told);
            const run = called(action);
            try { run(); } catch (error) { return check(error, expected, message, "throws"); }
            missing(expected, message, "exception", "throws");
        },
        doesNotThrow(action, wanted, told) {
            const [, message] = expectation(wanted, told), run = called(action);
            try { run(); } catch (error) { unwanted(error, message, "exception", "doesNotThrow"); }
        },
        async rejects(action, wanted, told) {
            const [expected, message] = expectation(wanted, told), promise = promised(action);
            let reason, isRejected = false;
            try { await promise; } catch (error) { [reason, isRejected] = [error, true]; }
            if (!isRejected) missing(expected, message, "rejection", "rejects");
            check(reason, expected, message, "rejects");
        },
        async doesNotReject(action, wanted, told) {
            const [, message] = expectation(wanted, told), promise = promised(action);
            try { await promise; } catch (error) { unwanted(error, message, "rejection", "doesNotReject"); }
        },
        match: (text, pattern, message) => matches(text, pattern, message, true, "match"),
        doesNotMatch: (text, pattern, message) => matches(text, pattern, message, false, "doesNotMatch"),
        ifError(value) { if (value !== null && value !== undefined) refused(`ifError got unwanted exception: ${value?.message ?? inspect(value)}`, value, null, "ifError"); },
    });
    const strict = Object.assign((...values) => ok(values, "=="), assert, { equal: assert.strictEqual, notEqual: assert.notStrictEqual, deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual });
    strict.strict = assert.strict = strict;
    return { assert, isDeepStrictEqual };
}
