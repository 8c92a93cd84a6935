const a = [5, 1, 4];
return [a.toSorted(), a.toReversed(), a.with(1, 9), a.at(-1), a.findLast((n) => n > 3), [1, [2, [3]]].flat(Infinity), a.includes(4), [3, 4].flatMap((n) => [n, n * 2]), Array.from({ length: 3 }, (_, i) => i * i), a.toSpliced(0, 1)];
