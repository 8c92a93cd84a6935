const text = '{"id":1,"tags":["a"]}\n\n{"id":2}\n{bad}\n{"id":3,"n":1e3}\n';
const good = [], bad = [];
text.split("\n").forEach((line, at) => {
  if (!line.trim()) return;
  try { good.push(JSON.parse(line)); } catch (error) { bad.push({ line: at + 1, name: error.name }); }
});
({ good, bad });
