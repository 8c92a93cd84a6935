const isoWeek = (date) => {
  const day = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  const start = new Date(Date.UTC(day.getUTCFullYear(), 0, 1));
  return [day.getUTCFullYear(), Math.ceil(((day - start) / 86400000 + 1) / 7)];
};
["2024-01-01", "2023-01-01", "2021-01-03", "2020-12-31", "2024-12-30"].map((text) => [text, ...isoWeek(new Date(text))]);
