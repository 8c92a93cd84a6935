const EventEmitter = require("events"), emitter = new EventEmitter();
emitter.on("again", () => emitter.emit("again"));
emitter.emit("again")
