const sleep = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const results = await Promise.all([sleep(20, "a"), sleep(10, "b"), "c"]);
console.log(results);
return results.length;
