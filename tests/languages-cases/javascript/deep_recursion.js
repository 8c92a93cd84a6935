const memo = {};
const fib = (n) => n in memo ? memo[n] : (memo[n] = n < 2 ? n : fib(n - 1) + fib(n - 2));
console.log(fib(1000));

const sum = (list, at = 0) => at === list.length ? 0 : list[at] + sum(list, at + 1);
console.log(sum(Array.from({ length: 2500 }, (_, n) => n)));

const grid = Array.from({ length: 50 }, () => Array(50).fill(0));
function fill(x, y) {
    if (x < 0 || y < 0 || x >= 50 || y >= 50 || grid[y][x]) return 0;
    grid[y][x] = 1;
    return 1 + fill(x + 1, y) + fill(x, y + 1) + fill(x - 1, y) + fill(x, y - 1);
}
console.log(fill(0, 0));

const tree = Array.from({ length: 900 }).reduce((child) => ({ children: child ? [child] : [] }), undefined);
const depth = (node) => 1 + node.children.reduce((most, child) => Math.max(most, depth(child)), 0);
console.log(depth(tree));

const parse = (text, at = 0) => text[at] === "(" ? parse(text, at + 1) + 1 : 0;
console.log(parse("(".repeat(2000)));

const endless = () => endless() + 1;
try {
    endless();
} catch (error) {
    console.log(error.name, error.message);
}
const nested = (text) => text.replace(/x/, () => nested(text));
try {
    nested("x");
} catch (error) {
    console.log(error.name);
}
