class AppError extends Error { constructor(message, { code, ...options } = {}) { super(message, options); this.name = this.constructor.name; this.code = code; } toJSON() { return { name: this.name, code: this.code, message: this.message }; } }
class NotFound extends AppError { constructor(what) { super(`${what} not found`, { code: 404 }); this.what = what; } }
const error = new NotFound("user");
[error instanceof AppError, error instanceof Error, String(error), JSON.stringify(error), Object.keys(error), Object.prototype.toString.call(error), error.stack.split("\n")[0]];
