// Web streams: NDJSON split over chunks, a transform, tee and cancel.
const encoder = new TextEncoder();
const bytes = encoder.encode('{"n":1,"t":"é"}\n{"n":2,"t":"😀"}\n\n{"n":3,"t":"z"}');
const source = () => new ReadableStream({
  start(controller) {
    for (let at = 0; at < bytes.length; at += 5) controller.enqueue(bytes.subarray(at, at + 5));
    controller.close();
  },
});
const lines = () => {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop();
      for (const part of parts) if (part) controller.enqueue(part);
    },
    flush(controller) { if (rest) controller.enqueue(rest); },
  });
};
const rows = [];
for await (const row of source().pipeThrough(new TextDecoderStream()).pipeThrough(lines())) rows.push(JSON.parse(row));
console.log(rows);
const [left, right] = source().tee();
const sizes = [];
for (const stream of [left, right]) {
  const reader = stream.getReader();
  let size = 0;
  for (let part; !(part = await reader.read()).done;) size += part.value.byteLength;
  reader.releaseLock();
  sizes.push(size);
}
console.log(sizes, bytes.length);
let cancelled;
const endless = new ReadableStream({ pull(controller) { controller.enqueue(Date.now() > 0 ? 1 : 0); }, cancel(reason) { cancelled = reason; } });
const reader = endless.getReader();
await reader.read();
await reader.cancel("enough");
console.log(cancelled, (await reader.read()).done);
const failing = new ReadableStream({ pull() { throw new TypeError("broken pipe"); } });
const error = await new Response(source()).text().then((text) => text.length);
console.log(error, await failing.getReader().read().catch((error) => `${error.name}: ${error.message}`));
return await new Response(new Blob(["a", encoder.encode("b")])).text();
