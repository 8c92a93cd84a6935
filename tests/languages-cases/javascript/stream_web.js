const source = new ReadableStream({ start(controller) { for (const chunk of ["al", "pha\nbe", "ta\n"]) controller.enqueue(new TextEncoder().encode(chunk)); controller.close(); } });
const decoder = new TextDecoder();
let text = "";
for await (const chunk of source) text += decoder.decode(chunk, { stream: true });
const [left, right] = new ReadableStream({ pull(controller) { controller.enqueue(1); controller.close(); } }).tee();
const reader = left.getReader();
return [text.trim().split("\n"), await reader.read(), await reader.read(), (await right.getReader().read()).value, await new Response("body").text(), await new Blob(["a", "b"]).text()];
