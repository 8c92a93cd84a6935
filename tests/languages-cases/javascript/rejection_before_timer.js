// A promise that is rejected while another one is waited for, and that nothing looks at yet.
process.on("unhandledRejection", (reason) => {
    console.log("unhandled:", reason.message);
    process.exit(0);
});
const fails = async (after) => {
    await new Promise((resolve) => setTimeout(resolve, after));
    throw new Error("failed");
};
const slow = new Promise((resolve) => setTimeout(resolve, 20)), quick = fails(5);
await slow;
console.log("never");
await quick;
