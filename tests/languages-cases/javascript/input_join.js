const users = new Map(input.users.map((user) => [user.id, { ...user, events: [] }])), orphans = [];
for (const event of input.events) users.get(event.user)?.events.push(event) ?? orphans.push(event);
const days = Object.entries(Object.fromEntries([...Map.prototype.entries.call(input.events.reduce((all, { at }) => all.set(at.slice(0, 10), (all.get(at.slice(0, 10)) ?? 0) + 1), new Map()))]));
({ users: [...users.values()].map(({ name, events }) => ({ name, last: events.at(-1)?.type ?? null })), orphans: orphans.length, days });
