const lines = [
  "  123 N. Main St., Apt. 4B , Springfield , IL 62704-1234 ",
  "77 Massachusetts Avenue; Cambridge; MA; 02139",
  "P.O. Box 88, Smallville, KS 66002",
  "1600 pennsylvania ave nw, washington, dc 20500",
  "not an address at all",
];
const STREETS = { st: "Street", ave: "Avenue", rd: "Road", blvd: "Boulevard", dr: "Drive", ln: "Lane" };
const STATES = new Set(["IL", "MA", "KS", "DC"]);
const titled = (text) => text.replace(/\b\p{L}[\p{L}']*/gu, (word) => (/^(nw|ne|sw|se|n|s|e|w)$/i.test(word) ? word.toUpperCase() : word[0].toUpperCase() + word.slice(1).toLowerCase()));

function normalize(line) {
  const parts = line.split(/\s*[,;]\s*/).map((part) => part.trim()).filter(Boolean);
  const tail = parts.slice(-2).join(" ").match(/\b(?<state>[A-Za-z]{2})\s+(?<zip>\d{5})(?:-(?<plus4>\d{4}))?$/);
  if (!tail) throw new Error(`no state and ZIP in ${JSON.stringify(line.trim())}`);
  const state = tail.groups.state.toUpperCase();
  if (!STATES.has(state)) throw new RangeError(`unknown state ${state}`);
  const withoutState = parts.filter((part) => !/^(?:[A-Za-z]{2}\s+)?\d{5}(?:-\d{4})?$/.test(part) && !/^[A-Za-z]{2}$/.test(part));
  const city = titled(withoutState.at(-1));
  const street = titled(withoutState[0]).replace(/\b(St|Ave|Rd|Blvd|Dr|Ln)\b\.?/g, (whole, short) => STREETS[short.toLowerCase()] ?? whole);
  const unit = withoutState.slice(1, -1).map((part) => part.replace(/^apt\.?\s*/i, "#")).join(" ");
  return { street, ...(unit && { unit }), city, state, zip: tail.groups.zip, plus4: tail.groups.plus4 };
}

const good = [], bad = [];
for (const line of lines) {
  try {
    good.push(normalize(line));
  } catch (error) {
    bad.push({ line, reason: `${error.name}: ${error.message}` });
  }
}
console.log(good);
console.log("%d good, %d bad", good.length, bad.length);
bad;
