type Task<T> = () => Promise<T>;
interface PoolOptions { concurrency?: number; retries?: number; onRetry?: (error: Error, attempt: number) => void }
const sleep = (ms: number): Promise<void> => new Promise<void>((resolve) => setTimeout(resolve, ms));
class AggregateFailure extends Error {
  constructor(public_errors: ReadonlyMap<number, Error>) {
    super(`${public_errors.size} tasks failed`, { cause: [...public_errors.values()][0] });
    this.name = new.target.name;
  }
}
async function pool<T>(tasks: readonly Task<T>[], { concurrency = 3, retries = 0, onRetry }: PoolOptions = {}): Promise<T[]> {
  const results: T[] = new Array<T>(tasks.length), errors = new Map<number, Error>();
  const queue: IterableIterator<[number, Task<T>]> = tasks.entries();
  const worker = async (): Promise<void> => {
    for (const [index, task] of queue) {
      for (let attempt = 0; ; attempt++) {
        try { results[index] = await task(); break; } catch (thrown) {
          const error = thrown instanceof Error ? thrown : new Error(String(thrown));
          if (attempt >= retries) { errors.set(index, error); break; }
          onRetry?.(error, attempt + 1);
          await sleep(2 ** attempt);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, worker));
  if (errors.size > 0) throw new AggregateFailure(errors);
  return results;
}
let flaky = 0;
const log: string[] = [];
const squares = await pool<number>([1, 2, 3, 4].map((n): Task<number> => async () => { await sleep(5 - n); if (n === 3 && flaky++ < 1) throw new RangeError("busy"); return n * n; }), { concurrency: 2, retries: 2, onRetry: (error, attempt) => log.push(`${error.name} ${attempt}`) });
console.log(squares, log);
try {
  await pool([async () => 1, async () => { throw "a text"; }]);
} catch (error) {
  if (error instanceof AggregateFailure) console.log(error.name, error.message, (error.cause as Error).message);
}
type Awaitable<T> = T | PromiseLike<T>;
async function* batches<T>(source: Iterable<Awaitable<T>> | AsyncIterable<T>, size: number): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  for await (const one of source) { batch.push(one); if (batch.length === size) { yield batch; batch = []; } }
  if (batch.length) yield batch;
}
for await (const batch of batches<string>(["a", Promise.resolve("b"), "c"], 2)) console.log(batch);
