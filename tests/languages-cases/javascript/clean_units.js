const sizes = ["10 KB", "1.5MB", "2 gb", "300", "7 furlongs"];
const units = { "": 1, kb: 1e3, mb: 1e6, gb: 1e9 };
sizes.map((text) => {
  const match = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text);
  const unit = units[match?.[2].toLowerCase()];
  return unit === undefined ? { text, error: `unknown unit in ${JSON.stringify(text)}` } : { text, bytes: Number(match[1]) * unit };
});
