const people = [{ id: 1, email: "a@x.com", updated: "2024-01-02" }, { id: 2, email: "b@x.com", updated: "2024-03-01" }, { id: 3, email: "A@x.com", updated: "2024-02-10" }];
const latest = new Map();
for (const person of people) {
  const key = person.email.toLowerCase(), kept = latest.get(key);
  if (!kept || kept.updated < person.updated) latest.set(key, person);
}
[...latest.values()].toSorted((a, b) => a.id - b.id);
