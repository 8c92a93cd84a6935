const sleep = (ms, { signal } = {}) => new Promise((resolve, reject) => {
  signal?.throwIfAborted();
  const timer = setTimeout(resolve, ms, "slept");
  signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});
const controller = new AbortController();
const ends = Promise.allSettled([sleep(5), sleep(1000, controller), sleep(1000, { signal: AbortSignal.any([controller.signal]) })]);
setTimeout(() => controller.abort(new Error("enough")), 1);
return [(await ends).map((end) => end.value ?? end.reason.message), controller.signal.aborted, await sleep(1, { signal: AbortSignal.abort() }).catch((error) => [error.name, error.code])];
