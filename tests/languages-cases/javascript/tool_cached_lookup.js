// Each user is looked up once, however often an order names one; errors are not kept.
const orders = [["o1", "user_123"], ["o2", "user_789"], ["o3", "user_123"], ["o4", ""], ["o5", "nobody"]];
const cache = new Map();
let calls = 0;
const find = (user_id) => {
  if (!cache.has(user_id)) {
    calls++;
    const found = user_id === "" ? Promise.reject(new RangeError("empty id")) : purchases.find({ user_id });
    cache.set(user_id, found.catch((error) => { cache.delete(user_id); throw error; }));
  }
  return cache.get(user_id);
};
const lines = [];
for await (const [id, user] of orders) {
  const line = await find(user).then((found) => found?.item ?? "(nothing)", (error) => `! ${error.message}`);
  lines.push(`${id}: ${line}`);
}
console.log(lines.join("\n"));
({ calls, kept: [...cache.keys()] });
