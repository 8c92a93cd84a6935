const EV = require("events");
const r = [];
const t = async (name, action) => { try { const value = await action(); r.push([name, JSON.stringify(value, (key, one) => (typeof one === "bigint" ? one + "n" : one === undefined ? "undefined" : one)) ?? String(value)]); } catch (error) { r.push([name, `${error.name} ${error.code ?? ""}`]); } };
await t("evon",async()=>{const e=new EV();setTimeout(()=>{e.emit("x",1);e.emit("x",2)},1);const o=[];for await(const [v] of EV.on(e,"x")){o.push(v);if(o.length===2)break}return o});
await t("evs",()=>[typeof EV,EV===EV.EventEmitter,EV.defaultMaxListeners]);
return r;
