const limit = 5;
limit = 6;
console.log(typeof later);
let later = 1;
let later = 2;
[limit, later]
