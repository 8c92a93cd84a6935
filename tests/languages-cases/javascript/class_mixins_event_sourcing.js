const Serializable = (Base) => class extends Base {
  toJSON() { return { ...this, type: this.constructor.name }; }
  static from(json) { return Object.assign(Object.create(this.prototype), json, { type: undefined }); }
};
const Comparable = (Base) => class extends Base {
  compare(other) { return this.valueOf() - other.valueOf(); }
  static max(...all) { return all.reduce((a, b) => (a.compare(b) >= 0 ? a : b)); }
};
class Money {
  static #cache = new Map();
  static of(cents, currency = "USD") {
    const key = `${cents} ${currency}`;
    return this.#cache.get(key) ?? this.#cache.set(key, Object.freeze(new Amount(cents, currency))).get(key);
  }
  constructor(cents, currency) { this.cents = cents; this.currency = currency; }
  valueOf() { return this.cents; }
  plus(other) { if (this.currency !== other.currency) throw new TypeError(`${this.currency} is not ${other.currency}`); return Money.of(this.cents + other.cents, this.currency); }
  get [Symbol.toStringTag]() { return "Money"; }
}
class Amount extends Serializable(Comparable(Money)) {}
class Account {
  static #rules = {
    opened: (state, { owner }) => ({ ...state, owner, balance: Money.of(0), open: true }),
    deposited: (state, { amount }) => ({ ...state, balance: state.balance.plus(amount) }),
    withdrawn: (state, { amount }) => ({ ...state, balance: state.balance.plus(Money.of(-amount.cents)) }),
    closed: (state) => ({ ...state, open: false }),
  };
  #events = [];
  #state = {};
  #apply(type, data = {}) {
    const rule = Account.#rules[type];
    this.#state = rule(this.#state, data);
    this.#events.push(Object.freeze({ seq: this.#events.length + 1, type, ...data }));
    return this;
  }
  open(owner) { return this.#apply("opened", { owner }); }
  deposit(amount) { return this.#apply("deposited", { amount }); }
  withdraw(amount) {
    if (this.#state.balance < amount) throw Object.assign(new RangeError("insufficient funds"), { needed: amount - this.#state.balance });
    return this.#apply("withdrawn", { amount });
  }
  close() { return this.#apply("closed"); }
  get history() { return structuredClone(this.#events.map(({ seq, type, amount }) => ({ seq, type, cents: amount?.cents }))); }
  static isAccount(value) { return #events in value; }
  static replay(events) { return events.reduce((account, { type, ...data }) => account.#apply(type, data), new Account()); }
  get balance() { return this.#state.balance; }
}
const account = new Account().open("ada").deposit(Money.of(5000)).withdraw(Money.of(1250));
try { account.withdraw(Money.of(999999)); } catch (error) { console.log(error.name, error.message, error.needed); }
console.log(account.history, account.balance, `${account.balance}`, account.balance + 1);
console.log(JSON.stringify(account.balance), Amount.max(Money.of(3), Money.of(9), Money.of(5)).cents, Money.of(7) === Money.of(7));
console.log(Account.isAccount(account), Account.isAccount({}), Object.keys(account), account, [Amount, Account, Serializable]);
"use strict";
try { (() => { "use strict"; Money.of(7).cents = 8; })(); } catch (error) { console.log(error.name); }
const again = Account.replay([{ type: "opened", owner: "bob" }, { type: "deposited", amount: Money.of(10) }]);
console.log(Object.getOwnPropertyNames(Account.prototype), Amount.name, Object.getPrototypeOf(Amount).name === "", Amount.from({ cents: 4 }).cents);
return again.balance.cents;
