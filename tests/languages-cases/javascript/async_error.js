async function load() { await null; throw new TypeError("bad row"); }
await load();
