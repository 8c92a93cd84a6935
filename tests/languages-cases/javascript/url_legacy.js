const url = require("url");
const parsed = url.parse("https://user:pw@host.example:8443/p/a?x=1&y=2#z", true);
({ host: parsed.host, auth: parsed.auth, query: { ...parsed.query }, path: parsed.path, resolved: url.resolve("https://a.example/b/c", "../d"), formatted: url.format({ protocol: "https", host: "x.example", pathname: "/p", query: { a: 1 } }), file: url.fileURLToPath("file:///tmp/a%20b.txt"), back: url.pathToFileURL("/tmp/a b.txt").href });
