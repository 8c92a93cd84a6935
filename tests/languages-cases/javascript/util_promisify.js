const util = require("util");
const divide = (a, b, callback) => setTimeout(() => (b === 0 ? callback(new RangeError("division by zero")) : callback(null, a / b)), 1);
const later = util.promisify(divide);
const old = util.callbackify(async (x) => x * 2);
const doubled = await new Promise((resolve, reject) => old(21, (error, value) => (error ? reject(error) : resolve(value))));
function Animal(name) { this.name = name; }
Animal.prototype.speak = function () { return `${this.name} speaks`; };
function Dog(name) { Animal.call(this, name); }
util.inherits(Dog, Animal);
return [await later(9, 3), await later(1, 0).catch((error) => error.message), doubled, new Dog("Rex").speak(), Dog.super_ === Animal];
