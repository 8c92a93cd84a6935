const shift = (text, by) => text.replace(/[a-z]/gi, (c) => { const base = c <= "Z" ? 65 : 97; return String.fromCharCode(((c.charCodeAt(0) - base + by + 26) % 26) + base); });
const vigenere = (text, key, sign = 1) => { let at = 0; return text.replace(/[a-z]/gi, (c) => shift(c, sign * (key.toLowerCase().charCodeAt(at++ % key.length) - 97))); };
[shift("Hello, World!", 3), shift(shift("Zebra", 5), -5), vigenere(vigenere("Attack at dawn", "lemon"), "lemon", -1), [..."racecar"].reverse().join("") === "racecar", encodeURIComponent("a b/č?"), escape("ü"), unescape("%u0107")];
