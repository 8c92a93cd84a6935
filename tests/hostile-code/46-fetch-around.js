const tried = ["file:///etc/passwd", "http://127.0.0.1:1/", "http://169.254.169.254/", "data:text/plain,x", "blob:x", "http://user:pw@h.example/"];
for (const url of tried) { try { await fetch(url); throw new RangeError(url); } catch (error) { if (!(error instanceof TypeError)) throw error; } }
await fetch(new Request("https://example.com", { method: "POST", body: "x" }))
