class Point {
  constructor(public readonly x: number, private y: number) {}
  length(): number { return Math.hypot(this.x, this.y); }
}
console.log(new Point(3, 4).length());
