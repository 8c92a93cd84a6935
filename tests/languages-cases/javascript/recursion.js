const hanoi = (n, a = "A", b = "B", c = "C") => (n === 0 ? [] : [...hanoi(n - 1, a, c, b), a + c, ...hanoi(n - 1, b, a, c)]);
const permute = (xs) => (xs.length < 2 ? [xs] : xs.flatMap((x, i) => permute(xs.toSpliced(i, 1)).map((p) => [x, ...p])));
return [hanoi(4).length, permute([1, 2, 3]).map((p) => p.join(""))];
