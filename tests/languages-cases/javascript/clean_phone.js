const numbers = ["+420 777 123 456", "(555) 123-4567", "555.123.4567 ext 9", "abc"];
numbers.map((text) => {
  const [main, ext] = text.split(/\s*ext\.?\s*/i);
  const digits = main.replace(/[^\d+]/g, "");
  return digits.length < 7 ? null : { e164: digits.startsWith("+") ? digits : `+1${digits}`, ...(ext && { ext }) };
});
