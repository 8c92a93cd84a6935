let error = new Error("first");
for (let depth = 0; depth < 20_000; depth++) error = new Error("x", { cause: error });
throw error
