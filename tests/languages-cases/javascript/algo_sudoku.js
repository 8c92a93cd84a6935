const puzzle = "530070000600195000098000060800060003400803001700020006060000280000419005000080079";
const cells = [...puzzle].map(Number);
const fits = (at, digit) => { const row = Math.floor(at / 9), column = at % 9; for (let k = 0; k < 9; k++) { const box = (Math.floor(row / 3) * 3 + Math.floor(k / 3)) * 9 + Math.floor(column / 3) * 3 + (k % 3); if (cells[row * 9 + k] === digit || cells[k * 9 + column] === digit || cells[box] === digit) return false; } return true; };
const solve = () => { const at = cells.indexOf(0); if (at < 0) return true; for (let digit = 1; digit <= 9; digit++) if (fits(at, digit)) { cells[at] = digit; if (solve()) return true; cells[at] = 0; } return false; };
solve() && cells.join("");
