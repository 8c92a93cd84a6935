const DIGITS = { M: 1000, CM: 900, D: 500, CD: 400, C: 100, XC: 90, L: 50, XL: 40, X: 10, IX: 9, V: 5, IV: 4, I: 1 };
const toRoman = (number) => Object.entries(DIGITS).reduce(([text, left], [digit, value]) => [text + digit.repeat(Math.floor(left / value)), left % value], ["", number])[0];
const fromRoman = (text) => text.match(/CM|CD|XC|XL|IX|IV|[MDCLXVI]/g).reduce((sum, digit) => sum + DIGITS[digit], 0);
[4, 9, 14, 1994, 2024, 3999].map((number) => [number, toRoman(number), fromRoman(toRoman(number)) === number]);
