const pages = { "": { items: [1, 2], next: "p2" }, p2: { items: [3], next: "p3" }, p3: { items: [], next: null } };
let calls = 0;
const list = async (cursor) => { calls++; if (calls === 2) throw Object.assign(new Error("rate limited"), { status: 429, retryAfter: 3 }); return pages[cursor]; };
async function* all() {
  for (let cursor = ""; cursor !== null;) {
    try { const page = await list(cursor); yield* page.items; cursor = page.next; } catch (error) { if (error.status !== 429) throw error; await new Promise((resolve) => setTimeout(resolve, error.retryAfter)); }
  }
}
return { items: await Array.fromAsync?.(all()) ?? await (async () => { const found = []; for await (const one of all()) found.push(one); return found; })(), calls };
