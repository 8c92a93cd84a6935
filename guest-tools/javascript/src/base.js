// What the other parts are written with.
() => {
    "use strict";
    const hidden = (object, name, value) =>
        Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
    const coded = (kind, code, message) => Object.assign(new kind(message), { code });
    return { hidden, coded };
}
