const needs = { app: ["lib", "css"], lib: ["core"], css: [], core: [], tests: ["app", "lib"] };
const sort = (needs) => {
  const done = [], state = {};
  const visit = (name, path) => {
    if (state[name] === "done") return;
    if (state[name]) throw new Error(`a circle: ${[...path, name].join(" -> ")}`);
    state[name] = "open";
    for (const need of needs[name] ?? []) visit(need, [...path, name]);
    state[name] = "done";
    done.push(name);
  };
  Object.keys(needs).forEach((name) => visit(name, []));
  return done;
};
let circle;
try { sort({ ...needs, core: ["tests"] }); } catch (error) { circle = error.message; }
({ order: sort(needs), circle });
