// A range of two is refused by name.
const said = (action) => { try { return action(); } catch (error) { return error.message.slice(0, 80); } };
const dates = new Intl.DateTimeFormat("en-US"), numbers = new Intl.NumberFormat("en-US");
[said(() => dates.formatRange(0, 1)), said(() => dates.formatRangeToParts(0, 1)), said(() => numbers.formatRange(1, 2)), said(() => Intl.supportedValuesOf("timeZone"))];
