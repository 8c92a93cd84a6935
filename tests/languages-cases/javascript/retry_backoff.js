const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
class TemporaryError extends Error { name = "TemporaryError"; }
const retry = async (action, { tries = 4, base = 2 } = {}) => {
  const delays = [];
  for (let attempt = 1; ; attempt++) {
    try { return { value: await action(attempt), attempts: attempt, delays }; } catch (error) {
      if (!(error instanceof TemporaryError) || attempt === tries) throw new Error(`gave up after ${attempt}`, { cause: error });
      delays.push(base ** attempt);
      await sleep(base ** attempt);
    }
  }
};
const good = await retry(async (attempt) => { if (attempt < 3) throw new TemporaryError("busy"); return "ok"; });
const bad = await retry(async () => { throw new TemporaryError("always"); }).catch((error) => [error.message, error.cause.message]);
const fatal = await retry(async () => { throw new TypeError("no"); }).catch((error) => [error.message, error.cause.name]);
return { good, bad, fatal };
