const a = 1
let b = a + 1
const c = [a, b]
  .map((n) => n * 2)
let d, e = 5
;[d, e] = [e, 9]
class F { static v = 3 }
const { g, h: [i] } = { g: 6, h: [7] }
;[a, b, c, d, e, F.v, g, i]
