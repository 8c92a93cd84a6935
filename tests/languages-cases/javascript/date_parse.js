const dates = ["2026-05-01T10:00:00Z", "2026-04-30T09:30:00Z"].map((s) => new Date(s));
dates.sort((a, b) => a - b);
return [dates.map((d) => d.toJSON()), Number.isNaN(new Date("nonsense").getTime())];
