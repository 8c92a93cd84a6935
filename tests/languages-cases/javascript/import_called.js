import("path").then((path) => console.log(path.join("a", "b"))).then(() => import("node:util"))
    .then(({ format }) => console.log(format("%d of %s", 5, "7")))
    .then(kind).then((type) => console.log(type))
function kind() {
    return import("os").then((os) => typeof os.EOL);
}
"begun"
