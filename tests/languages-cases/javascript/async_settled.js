const jobs = [Promise.resolve(1), Promise.reject(new Error("no")), new Promise((r) => setTimeout(r, 1, 3))];
const settled = await Promise.allSettled(jobs);
const any = await Promise.any([Promise.reject(1), Promise.resolve("first")]);
const race = await Promise.race([new Promise((r) => setTimeout(r, 50, "slow")), new Promise((r) => setTimeout(r, 5, "fast"))]);
return [settled.map((s) => s.status), settled[1].reason.message, any, race];
