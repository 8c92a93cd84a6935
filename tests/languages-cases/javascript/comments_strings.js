// let x = "not code"
const s = "return /* no */ 'x' // y"; /* const s = 2;
return 3 */
const u = 'it\'s'; const q = `a ${`b ${"c"}`} // d`;
[s, u, q];
