// Exact arithmetic: Fibonacci by fast doubling, factorials, modular powers, a primality test and square roots in BigInt.
const fibonacci = (n) => {
  const pair = (k) => {
    if (k === 0n) return [0n, 1n];
    const [a, b] = pair(k >> 1n), c = a * (2n * b - a), d = a * a + b * b;
    return k & 1n ? [d, c + d] : [c, d];
  };
  return pair(BigInt(n))[0];
};
const power = (base, exponent, modulus) => {
  let result = 1n;
  for (base %= modulus; exponent > 0n; exponent >>= 1n, base = (base * base) % modulus) if (exponent & 1n) result = (result * base) % modulus;
  return result;
};
const isPrime = (n) => {
  if (n < 2n) return false;
  for (const p of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]) if (n % p === 0n) return n === p;
  let d = n - 1n, r = 0;
  while (d % 2n === 0n) { d /= 2n; r++; }
  return [2n, 3n, 5n, 7n, 11n, 13n, 17n].every((a) => {
    let x = power(a, d, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < r; i++) { x = (x * x) % n; if (x === n - 1n) return true; }
    return false;
  });
};
const sqrt = (n) => { let x = 1n << BigInt((n.toString(2).length + 1) >> 1); for (;;) { const y = (x + n / x) >> 1n; if (y >= x) return x; x = y; } };
const factorial = (n) => Array.from({ length: n }, (_, i) => BigInt(i + 1)).reduce((a, b) => a * b, 1n);
console.log(fibonacci(300), factorial(30), 2n ** 127n - 1n);
console.log(isPrime(2n ** 61n - 1n), isPrime(2n ** 67n - 1n), sqrt(10n ** 40n + 12345n));
console.log((2n ** 100n).toString(36), BigInt.asIntN(8, 200n), BigInt.asUintN(64, -1n), -7n / 2n, -7n % 2n, BigInt("0xff") + BigInt(Number.MAX_SAFE_INTEGER));
console.log((12345678901234567890n).toLocaleString("en-US"), typeof (5n * 2n), 5n == 5, 5n === 5, 3n < 4, [3n, 1, 2n].sort((a, b) => (a < b ? -1 : 1)));
try { 1n + 1; } catch (error) { console.log(error.name); }
try { JSON.stringify({ n: 1n }); } catch (error) { console.log(error.name); }
JSON.stringify({ n: 2n ** 64n }, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
