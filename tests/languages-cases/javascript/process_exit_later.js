async function main() {
    console.log("working");
    await null;
    process.exit();
}
main().then(() => console.log("then"), () => console.log("rejected"));
setTimeout(() => console.log("later"), 10);
