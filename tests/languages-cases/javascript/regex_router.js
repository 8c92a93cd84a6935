// A router with typed parameters, wildcards, ranks and query strings, compiled to regular expressions.
const TYPES = { int: ["-?\\d+", Number], slug: ["[a-z0-9]+(?:-[a-z0-9]+)*", String], date: ["\\d{4}-\\d{2}-\\d{2}", (text) => new Date(`${text}T00:00:00Z`)], uuid: ["[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}", String] };
class Router {
  #routes = [];
  on(pattern, name) {
    const casts = {};
    const source = pattern.replace(/[.+^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)(?::(\w+))?\}|\*(\w+)?/g, (_, key, type, rest = "rest") => {
      if (!key) return `(?<${rest}>.*)`;
      if (type && !(type in TYPES)) throw new TypeError(`unknown type ${type} of ${key}`);
      const [expression, cast] = type ? TYPES[type] : ["[^/]+", decodeURIComponent];
      casts[key] = cast;
      return `(?<${key}>${expression})`;
    });
    this.#routes.push({ name, casts, regex: new RegExp(`^${source}/?$`, "u"), rank: pattern.split(/[{*]/)[0].length + (pattern.match(/:/g)?.length ?? 0) });
    this.#routes.sort((a, b) => b.rank - a.rank);
    return this;
  }
  match(url) {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    for (const { name, regex, casts } of this.#routes) {
      const groups = regex.exec(pathname)?.groups;
      if (regex.test(pathname)) return { name, params: Object.fromEntries(Object.entries(groups ?? {}).map(([key, value]) => [key, (casts[key] ?? String)(value)])), query: Object.fromEntries(searchParams) };
    }
    return null;
  }
}
const router = new Router().on("/users/{id:int}", "user").on("/users/{name}", "named").on("/posts/{day:date}/{slug:slug}", "post").on("/files/*path", "files").on("/v1.0/health", "health");
for (const url of ["/users/42", "/users/J%C3%BCrgen%20K", "/posts/2025-02-28/hello-world?draft=1&tag=a&tag=b", "/files/a/b%20c.txt", "/v1.0/health/", "/v1x0/health", "/users/"]) console.log(url, router.match(url));
try { new Router().on("/{x:float}", "x"); } catch (error) { console.log(error.message); }
const date = /(?<year>\d{4})-(?<month>\d\d)/d.exec("on 2025-07");
console.log(date.indices.groups.month, date.index, date.groups);
console.log("2025-07-04".replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/, "$<d>.$<m>.$<y> [$&] [$`] [$'] $$1"), "aBc".replace(/b/i, (m, at, all) => `${m}${at}${all}`));
console.log("x1y22z".split(/(\d+)/), "a,b;c".split(/[,;]/, 2), [..."a1b2".matchAll(/([a-z])(\d)/g)].map(([, a, b]) => a + b), /^.$/u.test("😀"), /^.$/s.test("\n"));
console.log(/(?<!\$)\b\d+(?!%)\b/g[Symbol.match]("5 $6 7% 18"), /\p{Lu}\p{Ll}+/u.exec("été Été")[0], /[\p{L}--[a-z]]/v.test("é"), /^[\p{Emoji}&&\p{ASCII}]+$/v.test("12"), /(a)|(b)/.exec("b"));
return /(\w)(\w)?/[Symbol.replace]("a", "$2$1$3");
