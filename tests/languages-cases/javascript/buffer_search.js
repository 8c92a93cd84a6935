const data = Buffer.from("key=value\r\nother=1\r\n\r\nbody");
const end = data.indexOf("\r\n\r\n"), head = data.subarray(0, end).toString().split("\r\n").map((line) => line.split("="));
const copy = Buffer.from(data);
copy.fill("*", 0, 3);
[end, Object.fromEntries(head), data.subarray(end + 4).toString(), data.includes("other"), data.lastIndexOf("="), copy.toString("utf8", 0, 9), data.equals(copy), Buffer.compare(Buffer.from("a"), Buffer.from("b")), [...Buffer.from("ab").entries()]];
