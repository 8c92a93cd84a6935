const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
const add = (a) => (b) => a + b;
const memo = (f) => { const seen = {}; return (n) => (seen[n] ??= f(n)); };
const fib = memo((n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)));
return [compose(add(1), (x) => x * 2)(5), fib(80)];
