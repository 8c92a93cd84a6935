for (let size = 1; ; size *= 2) { try { new URL("http://" + "ü".repeat(size) + "." + "x\u0301".repeat(size)); } catch { } if (size > 1e5) break; }
