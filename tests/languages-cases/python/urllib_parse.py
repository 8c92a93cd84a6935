from urllib.parse import urlparse, parse_qs, urlencode, quote
u = urlparse("https://shop.example/a/b?x=1&x=2&y=%20z#f")
result = [u.netloc, u.path, parse_qs(u.query), urlencode({"q": "a b", "n": 1}), quote("ü/x")]
