const holidays = new Set(["2024-12-25", "2024-12-26"]);
const addBusinessDays = (start, count) => {
  const date = new Date(`${start}T00:00:00Z`);
  while (count > 0) {
    date.setUTCDate(date.getUTCDate() + 1);
    if (date.getUTCDay() % 6 !== 0 && !holidays.has(date.toISOString().slice(0, 10))) count--;
  }
  return date.toISOString().slice(0, 10);
};
[addBusinessDays("2024-12-23", 3), addBusinessDays("2024-02-28", 2), addBusinessDays("2024-06-07", 1)];
