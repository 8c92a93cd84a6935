class Shape {
  area() { throw new Error("not implemented"); }
  toString() { return `${this.constructor.name}(${this.area().toFixed(2)})`; }
}
class Square extends Shape {
  #side;
  constructor(side) { super(); this.#side = side; }
  area() { return this.#side ** 2; }
}
class Circle extends Shape {
  constructor(r) { super(); this.r = r; }
  area() { return Math.PI * this.r ** 2; }
  static unit = new Circle(1);
}
console.log(String(new Square(2)), `${Circle.unit}`);
return [new Square(3).area(), new Square(1) instanceof Shape];
