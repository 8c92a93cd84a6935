function logged<This, Args extends unknown[], Result>(method: (this: This, ...args: Args) => Result, context: ClassMethodDecoratorContext) {
  return function (this: This, ...args: Args): Result { console.log("call", String(context.name)); return method.apply(this, args); };
}
class Service {
  @logged
  ping(name: string): string { return `pong ${name}`; }
}
console.log(new Service().ping("a"));
