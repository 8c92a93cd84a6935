const powers = [10 ** -24, 10 ** -5, 1.05 ** 10, Math.exp(3.5), Math.log(1.6), Math.cos(0.1)];
console.log(powers.map(String).join(" "));
powers[0] === 1e-24
