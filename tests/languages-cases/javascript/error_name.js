const values = [1, 2, 3];
const total = values.length;
console.log(totl);
