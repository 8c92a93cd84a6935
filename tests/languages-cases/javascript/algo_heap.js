class Heap {
  #items = []; #less;
  constructor(less = (a, b) => a < b) { this.#less = less; }
  get size() { return this.#items.length; }
  push(item) {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) { const up = (at - 1) >> 1; if (!this.#less(items[at], items[up])) break; [items[at], items[up]] = [items[up], items[at]]; at = up; }
  }
  pop() {
    const items = this.#items, top = items[0], last = items.pop();
    if (items.length) {
      items[0] = last;
      for (let at = 0; ;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < items.length && this.#less(items[child], items[least])) least = child;
        if (least === at) break;
        [items[at], items[least]] = [items[least], items[at]];
        at = least;
      }
    }
    return top;
  }
}
const heap = new Heap((a, b) => a.due - b.due < 0);
[["c", 30], ["a", 10], ["d", 40], ["b", 20], ["e", 5]].forEach(([job, due]) => heap.push({ job, due }));
const order = [];
while (heap.size) order.push(heap.pop().job);
order.join("");
