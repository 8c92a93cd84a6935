namespace Geometry {
  export const TAU = Math.PI * 2;
  export function circumference(radius: number): number { return TAU * radius; }
}
console.log(Geometry.circumference(2).toFixed(3));
