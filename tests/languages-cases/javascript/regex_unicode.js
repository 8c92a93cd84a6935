const text = "Crème brûlée, 日本語 text, Ünïcödé 😀 and naïve";
[text.match(/\p{Lu}/gu), text.match(/\p{Script=Han}+/gu), text.normalize("NFD").replace(/\p{M}/gu, ""), [...text].length, text.match(/\p{Emoji_Presentation}/gu), /^\p{L}+$/u.test("ñandú")];
