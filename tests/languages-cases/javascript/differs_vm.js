const vm = require("node:vm");
vm.runInNewContext("a + 1", { a: 2 });
