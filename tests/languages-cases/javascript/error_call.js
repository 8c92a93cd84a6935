const o = { f: 1 };
return o.f();
