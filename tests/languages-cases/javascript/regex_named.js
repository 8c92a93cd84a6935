const log = `2026-05-01 ERROR db timeout after 30s
2026-05-01 INFO ok
2026-05-02 ERROR api status=500`;
const found = [...log.matchAll(/^(?<day>\S+) ERROR (?<part>\w+) (?<rest>.*)$/gm)].map((m) => ({ ...m.groups }));
return found;
