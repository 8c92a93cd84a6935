console.log(new URL("https://u:p@h.example:81/p?q=1#f"));
console.log({ params: new URLSearchParams({ a: "1" }) });
