console.log("out");
console.error("err", { a: 1 });
console.warn("warn");
console.info();
console.group("G");
console.log("inner\nlines");
console.groupEnd();
console.table([{ a: 1, b: "x" }, { a: 2, b: "y" }]);
return "ok";
