const load = (name) => { try { return JSON.parse(name); } catch (cause) { throw new Error(`cannot load ${name}`, { cause }); } };
const chain = (error) => (error ? [`${error.name}: ${error.message.slice(0, 12)}`, ...chain(error.cause)] : []);
let told;
try { try { load("{x"); } catch (cause) { throw new TypeError("startup failed", { cause }); } } catch (error) { told = chain(error); }
const many = await Promise.any([Promise.reject(new Error("one")), Promise.reject(new RangeError("two"))]).catch((error) => [error.name, error.errors.map((one) => one.message)]);
return [told.slice(0, 2), told.length, many];
