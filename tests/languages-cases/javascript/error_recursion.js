const down = (n) => down(n + 1);
try { down(0); } catch (e) { return e instanceof RangeError; }
