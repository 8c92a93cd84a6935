const rolls = Array.from({ length: 50 }, () => Math.floor(Math.random() * 6) + 1);
return [rolls.every((n) => n >= 1 && n <= 6), crypto.randomUUID().length, new Set(rolls).size > 1];
