from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit
url = "https://user:pw@example.org:8443/a%20b/c?x=1&x=2&y=%C3%A9#top"
parts = urlsplit(url)
[parts.hostname, parts.port, parts.path, parse_qs(parts.query), parts.fragment, urlencode({"q": "a b&c", "n": [1, 2]}, doseq=True),
 urljoin("https://e.org/a/b", "../c?d"), quote("a/b ü"), unquote("%E2%82%AC"), urlunsplit(parts._replace(netloc="e.org", query="")), parse_qsl("a=&b")]
