const error = new Error("seen");
for (const name of ["stack", "message", "name", "cause", "errors"]) Object.defineProperty(error, name, { get() { throw error; } });
throw error
