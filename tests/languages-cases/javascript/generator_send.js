function* averager() {
  let total = 0, count = 0, average;
  for (;;) { total += yield average; average = total / ++count; }
}
const g = averager();
g.next();
return [10, 20, 60].map((v) => g.next(v).value);
