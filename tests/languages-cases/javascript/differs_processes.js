const { execSync } = require("child_process");
const files = execSync("ls -1", { encoding: "utf8" }).split("\n");
files.length;
