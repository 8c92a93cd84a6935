const crypto = require("crypto"), fs = require("fs"), { pipeline } = require("stream/promises"), { Readable, Transform } = require("stream");
const seen = (emitter, name) => new Promise((resolve) => emitter.on(name, resolve));
const failed = (action) => { try { action(); } catch (error) { console.log(error.message, error.code, error.syscall, error.path, error.dest); } };
(async () => {
    // A digest is a stream.
    const piped = crypto.createHash("sha256");
    await pipeline(Readable.from(["a", "b"]), piped);
    console.log(piped.digest("hex"), piped instanceof Transform);
    const written = crypto.createHash("md5");
    written.write("a");
    written.write(Buffer.from("b"));
    written.end("c");
    await seen(written, "finish");
    console.log(written.read().toString("hex"));
    const atOnce = crypto.createHash("sha256");
    atOnce.write("ab");
    atOnce.write("c", "utf8");
    atOnce.end();
    console.log(atOnce.read().toString("hex"), atOnce.digest("hex"));
    const told = crypto.createHmac("sha256", "key").setEncoding("hex");
    Readable.from(["x", "y"]).pipe(told).on("data", (data) => console.log("data", data));
    await seen(told, "end");
    const plain = crypto.createHash("sha256").update("a");
    console.log(plain.copy().digest("base64"), plain.digest("base64"));
    failed(() => plain.update("b"));
    fs.writeFileSync("in.txt", "hello");
    await pipeline(fs.createReadStream("in.txt"), crypto.createHash("sha1").setEncoding("hex"), fs.createWriteStream("out.txt"));
    console.log(fs.readFileSync("out.txt", "utf8"));
    const walked = crypto.createHash("md5");
    walked.end("q");
    for await (const data of walked) console.log(data.toString("hex"));
    // Files that cannot be are told, and streams of files say what they do.
    failed(() => fs.renameSync("xx", "yy"));
    failed(() => fs.copyFileSync("xx", "yy"));
    failed(() => fs.copyFileSync("in.txt", "out.txt", fs.constants.COPYFILE_EXCL));
    failed(() => fs.cpSync("xx", "yy"));
    failed(() => fs.writeFileSync("n.txt", 5));
    const missing = fs.createReadStream("nope"), closed = seen(missing, "close");
    console.log((await seen(missing, "error")).message);
    await closed;
    console.log((await seen(fs.createWriteStream("/none/x/y"), "error")).message);
    await pipeline(fs.createReadStream("nope"), fs.createWriteStream("other.txt")).catch((error) => console.log(error.code));
    const reading = fs.createReadStream("in.txt", { encoding: "utf8", start: 1, end: 3 });
    for (const name of ["open", "data", "end"]) reading.on(name, (value) => console.log(name, name === "open" ? typeof value : value));
    await seen(reading, "close");
    console.log(reading.bytesRead, reading.path);
    const writing = fs.createWriteStream("w.txt");
    writing.write("a");
    writing.end("bc");
    await seen(writing, "finish");
    console.log(writing.bytesWritten, writing.path, fs.readFileSync("w.txt", "utf8"));
    for (const values of [["a", "b"], (async function* () { yield "x"; yield Buffer.from("y"); })(), Readable.from(["q", "r"])]) {
        await fs.promises.writeFile("it.txt", values);
        console.log(fs.readFileSync("it.txt", "utf8"));
    }
    await fs.promises.writeFile("it.txt", { a: 1 }).catch((error) => console.log(error.message));
})();
