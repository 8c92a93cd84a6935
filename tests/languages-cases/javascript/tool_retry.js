const retry = async (action, tries) => {
  for (let attempt = 1; ; attempt++) {
    try { return [attempt, await action(attempt)]; } catch (error) { if (attempt === tries) throw error; await new Promise((resolve) => setTimeout(resolve, 2 ** attempt)); }
  }
};
// The first try has an argument that the tool does not know.
const [attempts, found] = await retry((attempt) => purchases.find(attempt === 1 ? { user: 1 } : { user_id: "user_123" }), 3);
return [attempts, found.price_cents]
