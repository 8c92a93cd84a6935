const steps = [];
process.on("exit", (code) => {
    steps.push(`exit ${code}`);
    console.log(steps.join(", "));
    process.exitCode = 0;
});
process.exitCode = 2;
steps.push("ended");
"value"
