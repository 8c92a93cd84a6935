const log = `2024-05-01T10:00:00Z INFO [web] started in 12ms
2024-05-01T10:00:01Z ERROR [db] connection lost: timeout
2024-05-01T10:00:02Z WARN [web] slow request GET /a?b=1 350ms`;
const line = /^(?<time>\S+) (?<level>[A-Z]+) \[(?<source>\w+)\] (?<message>.*)$/gm;
const entries = [...log.matchAll(line)].map((match) => ({ ...match.groups }));
console.log(entries.filter((entry) => entry.level !== "INFO").map((entry) => entry.message));
entries.map((entry) => Number(/(\d+)ms/.exec(entry.message)?.[1] ?? -1));
