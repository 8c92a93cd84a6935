// The tool of `words.wit`, as componentize-js makes a component of it. JavaScript has no files; the environment comes
// through WASI, as in every language.
import { getEnvironment } from "wasi:cli/environment@0.2.3";
import { getDirectories } from "wasi:filesystem/preopens@0.2.3";

export const words = {
  measure(text) {
    const words = text.split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) throw "there are no words";
    const longest = words.reduce((best, word) => (word.length > best.length ? word : best));
    const marks = text.split("!").length - 1;
    return { words: words.length, longest, mood: marks > 0 ? { tag: "loud", val: marks } : { tag: "calm" } };
  },

  count(words, atLeast) {
    const times = new Map();
    for (const word of words) times.set(word, (times.get(word) ?? 0n) + 1n);
    return [...times].filter(([, n]) => n >= BigInt(atLeast ?? 1)).sort(([, a], [, b]) => Number(b - a));
  },

  crash(why) {
    throw new TypeError(why);
  },

  spin() {
    for (;;);
  },

  readFile(path) {
    const [directory] = getDirectories();
    if (directory === undefined) throw `there is no directory to find ${path} in`;
    try {
      directory[0].openAt({}, path.slice(1), {}, { read: true });
    } catch (error) {
      throw `${path}: ${error.payload ?? error}`;
    }
    return path;
  },

  env(name) {
    return new Map(getEnvironment()).get(name);
  },
};
