const message = { id: 1, payload: Buffer.from([1, 2, 255]) };
const text = JSON.stringify(message);
const back = JSON.parse(text, (key, value) => (value?.type === "Buffer" ? Buffer.from(value.data) : value));
console.log(text);
[Buffer.isBuffer(back.payload), back.payload.toString("hex"), back.payload.readUInt8(2)];
