const a = Date.now(), b = new Date();
return [a > 0, b.getTime() >= a, typeof performance.now()];
