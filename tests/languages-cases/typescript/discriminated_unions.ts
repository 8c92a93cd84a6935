type Shape =
  | { kind: "circle"; radius: number }
  | { kind: "rect"; width: number; height: number }
  | { kind: "polygon"; points: readonly (readonly [x: number, y: number])[] };
function assertNever(value: never): never { throw new Error(`unexpected ${JSON.stringify(value)}`); }
function area(shape: Shape): number {
  switch (shape.kind) {
    case "circle": return Math.PI * shape.radius ** 2;
    case "rect": return shape.width * shape.height;
    case "polygon": return Math.abs(shape.points.reduce((sum, [x, y], i, all) => { const [nx, ny] = all[(i + 1) % all.length]!; return sum + x * ny - nx * y; }, 0)) / 2;
    default: return assertNever(shape);
  }
}
type Result<T, E = Error> = { ok: true; value: T } | { ok: false; error: E };
const attempt = <T,>(action: () => T): Result<T> => { try { return { ok: true, value: action() }; } catch (error) { return { ok: false, error: error as Error }; } };
const isOk = <T, E>(result: Result<T, E>): result is { ok: true; value: T } => result.ok;
const COLORS = { red: "#f00", green: "#0f0" } as const satisfies Record<string, `#${string}`>;
type Color = keyof typeof COLORS;
const shapes: Shape[] = [{ kind: "circle", radius: 1.5 }, { kind: "rect", width: 2, height: 3.25 }, { kind: "polygon", points: [[0, 0], [4, 0], [4, 3]] }];
const results = [...shapes, { kind: "blob" } as unknown as Shape].map((shape) => attempt(() => area(shape)));
for (const result of results) console.log(isOk(result) ? result.value.toFixed(3) : `error: ${result.error.message}`);
const paint = (color: Color): string => COLORS[color];
let maybe: string | undefined | null = paint("red");
console.log(maybe!.length, maybe?.toUpperCase() ?? "none");
const total: number = results.filter(isOk).reduce((sum: number, { value }): number => sum + value, 0);
+total.toFixed(4);
