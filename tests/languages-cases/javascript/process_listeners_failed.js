process.on("exit", () => console.log("exit"));
await new Promise((resolve) => setTimeout(resolve, 1));
throw new RangeError("of the code");
