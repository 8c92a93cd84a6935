const text = "Hello, world! Ça va? 👨‍👩‍👧 ok";
const words = [...new Intl.Segmenter("en", { granularity: "word" }).segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
const graphemes = [...new Intl.Segmenter("en").segment("👨‍👩‍👧é")].map(({ segment }) => segment);
[words, graphemes.length];
