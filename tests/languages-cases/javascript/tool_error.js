const ends = await Promise.allSettled([purchases.find({ user_id: "user_123" }), purchases.find({ wrong: true }), purchases.find()]);
return ends.map((end) => (end.status === "fulfilled" ? end.value.item : [end.reason.name, end.reason.kind, end.reason instanceof ToolError]))
