let ticks = 0;
const interval = setInterval(() => {
    console.log("tick", ++ticks);
    if (ticks === 3) clearInterval(interval);
}, 10);
setTimeout(() => console.log("between"), 25);
(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const poll = setInterval(() => { console.log("poll"); clearInterval(poll); }, 5);
})();
"begun"
