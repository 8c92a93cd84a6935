class AppError extends Error {
    constructor(message, code) {
        super(message);
        this.name = "AppError";
        this.code = code;
    }
}
class Missing extends AppError { constructor(what) { super(`${what} is missing`, 404); } }
function find(what) {
    throw new Missing(what);
}
const lineOf = (error) => Number(/error_class_line\.js:(\d+)/.exec(error.stack)[1]);
try { find("a"); } catch (error) { console.log(lineOf(error), error.code); }
const made = () => new AppError("made", 1);
console.log(lineOf(made()), lineOf(new class extends TypeError {}("unnamed")));
find("the row");
