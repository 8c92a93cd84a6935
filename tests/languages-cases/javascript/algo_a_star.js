const maze = `
#########
#S..#...#
#.#.#.#.#
#.#...#E#
#.#####.#
#.......#
#########`.trim().split("\n").map((row) => [...row]);

class PriorityQueue {
  #heap = [];
  get size() { return this.#heap.length; }
  push(item, priority) {
    const heap = this.#heap;
    heap.push({ item, priority });
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (heap[parent].priority <= heap[i].priority) break;
      [heap[parent], heap[i]] = [heap[i], heap[parent]];
      i = parent;
    }
  }
  pop() {
    const heap = this.#heap, top = heap[0], last = heap.pop();
    if (heap.length) {
      heap[0] = last;
      for (let i = 0; ;) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && heap[child].priority < heap[least].priority) least = child;
        if (least === i) break;
        [heap[least], heap[i]] = [heap[i], heap[least]];
        i = least;
      }
    }
    return top.item;
  }
}
const find = (mark) => { for (const [y, row] of maze.entries()) { const x = row.indexOf(mark); if (x >= 0) return { x, y }; } };
const start = find("S"), end = find("E");
const key = ({ x, y }) => `${x},${y}`;
const guess = ({ x, y }) => Math.abs(x - end.x) + Math.abs(y - end.y);
const cost = new Map([[key(start), 0]]), from = new Map(), open = new PriorityQueue();
open.push(start, guess(start));
let visited = 0;
search: while (open.size) {
  const at = open.pop();
  visited++;
  for (const [dx, dy] of [[0, 1], [1, 0], [0, -1], [-1, 0]]) {
    const next = { x: at.x + dx, y: at.y + dy };
    if (maze[next.y]?.[next.x] === "#") continue;
    const total = cost.get(key(at)) + 1;
    if (total >= (cost.get(key(next)) ?? Infinity)) continue;
    cost.set(key(next), total);
    from.set(key(next), at);
    if (key(next) === key(end)) break search;
    open.push(next, total + guess(next));
  }
}
for (let at = from.get(key(end)); at && key(at) !== key(start); at = from.get(key(at))) maze[at.y][at.x] = "*";
console.log(maze.map((row) => row.join("")).join("\n"));
return { steps: cost.get(key(end)), visited };
