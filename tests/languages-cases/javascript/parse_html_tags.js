const html = `<ul><li class="a b"><a href="/x?y=1&amp;z=2">One &lt;1&gt;</a></li><li><a href='/two'>Two</a></li></ul><img src="p.png" alt="">`;
const decode = (text) => text.replace(/&(amp|lt|gt|quot|#(\d+));/g, (all, name, code) => (code ? String.fromCodePoint(code) : { amp: "&", lt: "<", gt: ">", quot: '"' }[name]));
const links = [...html.matchAll(/<a\s+[^>]*href=(["'])(.*?)\1[^>]*>(.*?)<\/a>/gs)].map(([, , href, text]) => ({ href: decode(href), text: decode(text) }));
const text = decode(html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ").trim());
({ links, text });
