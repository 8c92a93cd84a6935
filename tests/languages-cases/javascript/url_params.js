const params = new URLSearchParams("a=1&b=two+words&a=3&empty=&novalue");
params.delete("b");
params.set("c", "x/y?z");
const object = Object.fromEntries(params);
console.log(params.toString(), params.has("a", "3"), params.size);
console.log(params);
({ object, all: params.getAll("a"), from: new URLSearchParams({ q: "a b", n: 1 }).toString(), pairs: [...new URLSearchParams([["x", "1"], ["y", "2"]])] });
