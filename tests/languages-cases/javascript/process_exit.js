console.log("before");
try {
    process.exit(0);
} catch {
    console.log("caught");
} finally {
    console.log("finally");
}
console.log("after");
