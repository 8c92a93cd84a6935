const { Worker, isMainThread } = require("worker_threads");
isMainThread;
