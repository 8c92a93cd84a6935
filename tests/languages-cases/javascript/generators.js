function* fib(limit) {
  let [a, b] = [0, 1];
  while (a < limit) { yield a; [a, b] = [b, a + b]; }
}
function* walk(tree) { for (const n of tree) Array.isArray(n) ? yield* walk(n) : yield n; }
return [[...fib(50)], Array.from(walk([1, [2, [3]], 4]))];
