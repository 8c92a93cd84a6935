let a = 8, b = 2, g = 1;
const half = a / b / g;
const has = /[/"'`]/.test("x/y");
const t = `${a / b} /not a regex/ ${"}"}`;
[half, has, t, a++ / b, "let x".split(/let /)[1]];
