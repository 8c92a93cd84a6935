const { AsyncLocalStorage } = require("async_hooks");
const requests = new AsyncLocalStorage();
requests.run({ id: 7 }, () => requests.getStore().id);
