var x = 5;
console.log("only printed", x);
