const people = [{ n: "Bo", a: 30 }, { n: "Al", a: 25 }, { n: "Cy", a: 30 }];
people.sort((x, y) => y.a - x.a || x.n.localeCompare(y.n));
return [people.map((p) => p.n), [10, 9, 1].sort(), [10, 9, 1].sort((a, b) => a - b)];
