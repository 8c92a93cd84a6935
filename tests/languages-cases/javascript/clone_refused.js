const told = (name, value) => { try { console.log(name, structuredClone(value)); } catch (error) { console.log(name, error.name, error.code, error.message); } };
told("generator", (function* () { yield 1; })());
told("within", { rows: (function* () {})() });
told("proxy", new Proxy({ a: 1 }, {}));
told("function", { run() {} });
told("plain", { a: [1, new Map([["b", new Date(0)]])] });
(function () { try { structuredClone(arguments); } catch (error) { console.log(error.name); } })(1);
try { structuredClone([1].values()); } catch (error) { console.log(error.name); }
try { structuredClone(new Set([1]).values()); } catch (error) { console.log(error.name); }
try { structuredClone(); } catch (error) { console.log(error.code, error.message); }
