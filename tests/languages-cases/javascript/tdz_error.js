try {
  use;
  let use = 1;
} catch (e) {
  return e.name;
}
