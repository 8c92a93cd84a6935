const tag = (parts, ...values) => parts.raw.map((p, i) => p + (values[i] ?? "")).join("|");
const who = "Ada", n = 3;
return [`${who} has ${n} item${n === 1 ? "" : "s"} (${`nested ${n * 2}`})`, tag`a${1}\n${2}b`, String.raw`c:\new`];
