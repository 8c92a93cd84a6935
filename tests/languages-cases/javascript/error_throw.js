function check(amount) {
  if (amount < 0) throw new RangeError("the amount is negative");
}
check(5);
check(-5);
