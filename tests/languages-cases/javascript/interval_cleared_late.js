let ticks = 0;
const interval = setInterval(() => { ticks += 1; }, 1);
setTimeout(() => { clearInterval(interval); console.log(ticks > 1500); }, 3000);
"begun"
