try {
  JSON.parse("{\"a\": }");
} catch (e) {
  return [e instanceof SyntaxError, e.name];
}
