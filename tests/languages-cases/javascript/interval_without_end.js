let ticks = 0;
setInterval(() => { ticks += 1; }, 1000);
"begun"
