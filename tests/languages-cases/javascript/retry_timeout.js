const withTimeout = (promise, ms) => { let timer; return Promise.race([promise, new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`timed out after ${ms} ms`)), ms); })]).finally(() => clearTimeout(timer)); };
const slow = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const ends = await Promise.allSettled([withTimeout(slow(1, "fast"), 50), withTimeout(slow(200, "slow"), 5), Promise.any([slow(20, "b"), slow(2, "a")])]);
return ends.map((end) => (end.status === "fulfilled" ? end.value : end.reason.message));
