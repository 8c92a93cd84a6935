const lazy = { get now() { delete this.now; return (this.now = 42); } };
return [lazy.now, lazy.now, Object.keys(lazy)];
