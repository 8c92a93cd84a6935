const trie = {};
for (const word of ["car", "card", "care", "cat", "dog"]) { let node = trie; for (const letter of word) node = node[letter] ??= {}; node.$ = true; }
const complete = (prefix) => { let node = trie; for (const letter of prefix) { node = node[letter]; if (!node) return []; } const found = []; const walk = (node, word) => { for (const [letter, next] of Object.entries(node)) letter === "$" ? found.push(word) : walk(next, word + letter); }; walk(node, prefix); return found.sort(); };
[complete("car"), complete("d"), complete("x")];
