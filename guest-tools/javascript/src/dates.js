// Dates read texts as they do in node.
(host, parts) => {
    "use strict";
    const { hidden } = parts.base;
    const Own = globalThis.Date;
    const isDate = (value) => { try { Own.prototype.getTime.call(value); return true; } catch { return false; } };
    const primitive = (value) => {
        if (value === null || typeof value !== "object" || isDate(value)) return value;
        const own = value[Symbol.toPrimitive];
        if (own) return own.call(value, "default");
        const held = value.valueOf();
        return held === null || typeof held !== "object" ? held : String(value);
    };
    function Date(...values) {
        if (new.target === undefined) return Own();
        if (values.length === 1 && typeof values[0] !== "number") {
            const given = primitive(values[0]);
            values[0] = typeof given === "string" ? host.parseDate(given) : given;
        }
        if (new.target !== Date) return Reflect.construct(Own, values, new.target);
        return values.length === 0 ? new Own() : values.length === 1 ? new Own(values[0]) : new Own(...values);
    }
    const { parse } = { parse(text) { return host.parseDate(String(text)); } };
    for (const [name, value] of Object.entries({ now: Own.now, UTC: Own.UTC, parse })) hidden(Date, name, value);
    Object.defineProperties(Date, { prototype: { value: Own.prototype, writable: false }, length: { value: 7 } });
    hidden(Own.prototype, "constructor", Date);
    hidden(globalThis, "Date", Date);
    return {};
}
