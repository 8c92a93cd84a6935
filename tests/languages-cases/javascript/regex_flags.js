const re = /a(?<d>b)?/gd;
const match = re.exec("xxab a");
[match.indices[0], match.indices.groups.d, re.lastIndex, re.flags, [..."aBcA".matchAll(/a/gi)].map((m) => m.index), /a.c/s.test("a\nc"), "x".replace("x", "$&$&$$"), "a-b-c".replaceAll(/-(\w)/g, (_, c) => c.toUpperCase())];
