const stock = new Map([["apples", 3], ["pears", 0]]);
console.log(stock.keys(), stock.entries(), new Set([1]).values());
console.log([...stock.keys()]);
