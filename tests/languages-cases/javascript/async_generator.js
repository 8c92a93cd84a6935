async function* pages() { for (let n = 1; n <= 3; n++) { await null; yield { page: n }; } }
const seen = [];
for await (const { page } of pages()) seen.push(page);
return seen;
