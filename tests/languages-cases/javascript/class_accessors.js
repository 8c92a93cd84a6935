class Account {
  static #count = 0;
  #balance = 0;
  constructor() { Account.#count++; }
  get balance() { return this.#balance; }
  set balance(v) { if (v < 0) throw new RangeError("negative"); this.#balance = v; }
  static get count() { return Account.#count; }
  static { this.kind = "account"; }
}
const a = new Account();
a.balance = 50;
let refused;
try { a.balance = -1; } catch (e) { refused = `${e.name}: ${e.message}`; }
return [a.balance, Account.count, Account.kind, refused];
