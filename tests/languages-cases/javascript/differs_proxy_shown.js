const { inspect, types } = require("util");
console.log(inspect({ a: 1 }));
types.isProxy(new Proxy({}, {}));
