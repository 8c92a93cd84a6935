const tracking = /^(utm_\w+|fbclid|gclid)$/;
const normalize = (text) => {
  const url = new URL(text);
  for (const name of [...url.searchParams.keys()]) if (tracking.test(name)) url.searchParams.delete(name);
  url.searchParams.sort();
  url.hash = "";
  url.pathname = url.pathname.replace(/\/+$/, "") || "/";
  return url.href;
};
["HTTP://Example.COM:80/a/../b/?utm_source=x&b=2&a=1#frag", "https://example.com/path//?fbclid=1", "https://ex.com?q=%7Efoo"].map(normalize);
