// What a column of a table may hold, and whether it is a date.
const column = [
    "2024-01-15", "2024-01-15T10:20:30.5Z", "2024-01-15T10:20:30+02:00", "15 January 2024", "Jan 5, 2022", "Mon, 15 Jan 2024 10:00:00 EST", "1/5/2024 3:04 PM", "12/25/2023",
    "25/12/2023", "32/01/2024", "0/1/2024", "2024-13-01", "2024-00-10", "2024-02-30", "12/2024", "Q1 2024", "192.168.1.1", "1.2.3", "555-1234", "+1 (555) 123-4567", "99-99-9999",
    "ID-2024-001", "SKU 12345", "Room 101", "May", "May 5", "2024", "12", "13", "", "n/a", "2024-01-15T10:20:30,5Z", "2024-01-15T10:20:30+02", "2024-01-15t10:20z", "2024-01-15\n", "2024-015",
    "2024:01:15", "2024-01-15 24:00", "2024-01-15 25:00", "12:30", "10:20 2024-01-05", "2024-01-15 (a Monday)", "January 1st, 2024", "-000001-01-01T00:00:00Z", "-2024-01-01", "275760-09-14",
];
for (const text of column) console.log(JSON.stringify(text).padEnd(34), Number.isNaN(Date.parse(text)) ? "no date" : new Date(text).toISOString());
class Day extends Date { get day() { return this.toISOString().slice(0, 10); } }
console.log(new Day("32/01/2024").getTime(), new Day("3/1/2024").day, new Day(0).day, new Day(2024, 1, 30).day, Day.name, Date.length, Date.name, new Date(new Date(5)).getTime());
console.log(new Date([2024, 1, 2]).getTime(), new Date(new String("2024-01-02")).getTime(), new Date({ valueOf: () => 7 }).getTime(), new Date(null).getTime(), new Date(undefined).getTime(), new Date(2024, undefined).getTime());
console.log(typeof Date(), new Date() instanceof Date, Object.prototype.toString.call(new Date(0)), new Date(0).constructor === Date, Reflect.construct(Date, [1]).getTime(), Date.UTC(2024, 1, 29));
