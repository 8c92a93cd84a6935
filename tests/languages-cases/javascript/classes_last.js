class A { n = 1; }
class B extends A { m = 2; }
[new B()].map((b) => b.n + b.m);
