const halfEven = (value) => { const floor = Math.floor(value), rest = value - floor; return rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 ? floor + 1 : floor; };
[[0.5, 1.5, 2.5, 3.5, -0.5].map(halfEven), 1.005.toFixed(2), (0.1 + 0.2).toFixed(10), Math.round(-1.5), (1.45).toFixed(1), Number((19.99 * 3).toFixed(2))];
