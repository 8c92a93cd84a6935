const bytes = new TextEncoder().encode("naïve ✓ 👍");
const text = new TextDecoder().decode(bytes);
return [bytes.length, text, btoa("hello"), atob("aGVsbG8="), encodeURIComponent("a b&é"), decodeURIComponent("%E2%9C%93"), escape("ü")];
