process.on("exit", (code) => {
    console.log("exit", code, process.exitCode);
    Promise.resolve().then(() => console.log("never"));
    process.exit(0);
});
process.on("exit", () => console.log("never"));
setTimeout(() => {
    console.log("leaving");
    process.exit(3);
}, 1);
await new Promise(() => { });
