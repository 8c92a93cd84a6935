performance.mark("start");
let sum = 0;
for (let n = 0; n < 1000; n++) sum += n;
performance.mark("end");
const measure = performance.measure("work", "start", "end");
[sum, measure.name, measure.entryType, measure.duration >= 0, performance.getEntriesByType("mark").map((one) => one.name), performance.getEntriesByName("work").length, typeof performance.now(), performance.now() <= performance.now()];
