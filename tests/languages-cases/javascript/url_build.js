const base = new URL("https://api.example.com/v1/");
const url = new URL("users/42/orders?limit=10", base);
url.searchParams.set("sort", "created desc");
url.searchParams.append("tag", "a&b");
url.searchParams.append("tag", "ü");
url.hash = "top part";
console.log(url.href);
[url.pathname, url.searchParams.getAll("tag"), [...url.searchParams.keys()], url.origin, url.host, String(url) === url.toString(), JSON.stringify({ url })];
