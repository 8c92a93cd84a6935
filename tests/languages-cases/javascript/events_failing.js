const { EventEmitter, once, on, errorMonitor } = require("node:events");
(async () => {
    const emitter = new EventEmitter(), stop = new AbortController();
    setTimeout(() => stop.abort(), 1);
    try { await once(emitter, "never", { signal: stop.signal }); } catch (error) { console.log(error.name, error.code, error.message, error.cause.name, emitter.eventNames()); }
    try { await once(emitter, "never", { signal: stop.signal }); } catch (error) { console.log(error.name, error.code); }
    try { for await (const one of on(emitter, "data", { signal: AbortSignal.abort() })) console.log(one); } catch (error) { console.log(error.name, error.code, emitter.eventNames()); }
    emitter.on(errorMonitor, (error) => console.log("seen", error.message));
    try { emitter.emit("error", new Error("alone")); } catch (error) { console.log("thrown", error.message); }
    emitter.on("error", (error) => console.log("handled", error.message)).emit("error", new Error("told"));
    emitter.on("removeListener", (name) => console.log("gone", String(name))).on("a", () => {}).on("a", () => {}).removeAllListeners("a");
    console.log(emitter.removeAllListeners().eventNames(), emitter.setMaxListeners(3).getMaxListeners(), new EventEmitter().getMaxListeners());
    try { emitter.on("x", "no function"); } catch (error) { console.log(error.code, error.message); }
    class Job extends EventEmitter { constructor() { super({ captureRejections: true }); } }
    const job = new Job();
    job.on("run", async () => { throw new Error("rejected"); }).on("error", (error) => console.log("captured", error.message)).emit("run");
})();
