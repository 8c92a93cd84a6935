const attempts = [() => Buffer.alloc(2).readUInt32LE(0), () => Buffer.alloc(2).writeUInt8(256), () => Buffer.alloc(-1), () => Buffer.from(5), () => Buffer.alloc(4).readInt8(1.5), () => Buffer.from("x", "nope")];
attempts.map((attempt) => { try { return attempt(); } catch (error) { return [error.name, error.code]; } });
