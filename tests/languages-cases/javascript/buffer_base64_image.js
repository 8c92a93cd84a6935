const dataUrl = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
const [, type, payload] = /^data:([^;]+);base64,(.*)$/.exec(dataUrl);
const bytes = Buffer.from(payload, "base64");
({ type, size: bytes.length, magic: bytes.subarray(0, 8).toString("hex"), width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), again: bytes.toString("base64") === payload, atob: atob("aGk=").length, btoa: btoa("\xff\x00") });
