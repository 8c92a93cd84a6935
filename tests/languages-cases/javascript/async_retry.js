let tries = 0;
async function flaky() { if (++tries < 3) throw new Error(`try ${tries}`); return "done"; }
async function retry(f, n) {
  for (let i = 0; i < n; i++) {
    try { return await f(); } catch (e) { console.warn(e.message); await new Promise((r) => setTimeout(r, 2 ** i)); }
  }
  throw new Error("gave up");
}
return [await retry(flaky, 5), tries];
