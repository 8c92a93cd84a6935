const pool = async (tasks, limit) => {
  const results = [], left = tasks.entries();
  let running = 0, most = 0;
  await Promise.all(Array.from({ length: limit }, async () => {
    for (const [at, task] of left) { most = Math.max(most, ++running); results[at] = await task().then((value) => ({ value }), (error) => ({ error: error.message })); running--; }
  }));
  return { results, most };
};
const task = (n) => async () => { await new Promise((resolve) => setTimeout(resolve, 10 - n)); if (n === 3) throw new Error("three"); return n * n; };
return await pool([1, 2, 3, 4, 5].map(task), 2);
