function area(r) { return Math.round(Math.PI * r * r * 100) / 100; }
area(2);
