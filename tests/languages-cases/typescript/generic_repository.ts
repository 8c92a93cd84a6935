interface Entity { readonly id: number; createdAt?: Date }
type New<T extends Entity> = Omit<T, "id" | "createdAt">;
type Predicate<T> = (item: T, index: number) => boolean;
interface User extends Entity { name: string; role: "admin" | "user" }

class NotFound extends Error {
  readonly entity: string;
  readonly id: number;
  constructor(entity: string, id: number) {
    super(`${entity} ${id} not found`);
    this.name = "NotFound";
    this.entity = entity;
    this.id = id;
  }
}

abstract class Repository<T extends Entity> implements Iterable<T> {
  protected readonly items: Map<number, T> = new Map<number, T>();
  #next = 1;
  abstract readonly name: string;
  abstract validate(item: New<T>): string[];
  create(item: New<T>): T {
    const problems = this.validate(item);
    if (problems.length > 0) throw new TypeError(problems.join("; "));
    const made = { ...item, id: this.#next++ } as unknown as T;
    this.items.set(made.id, made);
    return made;
  }
  get(id: number): T {
    const found = this.items.get(id);
    if (found === undefined) throw new NotFound(this.name, id);
    return found!;
  }
  update<K extends keyof New<T>>(id: number, key: K, value: T[K & keyof T]): T {
    const changed: T = { ...this.get(id), [key]: value };
    this.items.set(id, changed);
    return changed;
  }
  where(predicate: Predicate<T>): T[] { return [...this].filter(predicate); }
  *[Symbol.iterator](): Iterator<T> { yield* this.items.values(); }
}
class Users extends Repository<User> {
  override readonly name = "User";
  override validate({ name }: New<User>): string[] { return name.trim() ? [] : ["name is empty"]; }
}
const users: Users = new Users();
users.create({ name: "Ada", role: "admin" });
users.create({ name: "Bob", role: "user" });
users.update(2, "name", "Robert");
const attempts: Array<() => unknown> = [() => users.create({ name: " ", role: "user" }), () => users.get(9)];
for (const attempt of attempts) {
  try { attempt(); } catch (error: unknown) {
    if (error instanceof NotFound) console.log(error.entity, error.id, error.message);
    else console.log((error as Error).name, (error as Error).message);
  }
}
console.log(users.where((user) => user.role === "user"), users);
const names = [...users].map(({ name }) => name) satisfies string[];
names;
