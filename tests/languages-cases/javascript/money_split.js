const split = (cents, ways) => Array.from({ length: ways }, (_, at) => Math.floor(cents / ways) + (at < cents % ways ? 1 : 0));
const parse = (text) => { const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text); return (sign ? -1 : 1) * (Number(whole) * 100 + Number(part.padEnd(2, "0"))); };
const show = (cents) => `${cents < 0 ? "-" : ""}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;
[split(1000, 3).map(show), split(parse("0.05"), 4).map(show), show(parse("-12.5")), show(split(10001, 7).reduce((a, b) => a + b))];
