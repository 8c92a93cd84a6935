import ipaddress
from http import HTTPStatus
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, parse_qsl, quote_plus, unquote, urlencode, urljoin, urlsplit, urlunsplit

DROP = {"utm_source", "utm_medium", "fbclid"}


def canonical(url):
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme) else ""
    query = urlencode(sorted((key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in DROP))
    path = unquote(parts.path).rstrip("/") or "/"
    return urlunsplit((parts.scheme.lower(), host + port, path.replace(" ", "%20"), query, ""))


urls = ["HTTPS://Example.COM:443/a%20b/?b=2&a=1&utm_source=x#top", "http://example.com./", "http://[::1]:8080/x?q=%C3%A9&q=&e", "https://user:pw@example.org/p?fbclid=1"]
for url in urls:
    print(canonical(url))
base = "https://example.org/docs/guide/index.html?x=1"
print([urljoin(base, link) for link in ("../api", "/top", "?y=2", "#end", "//cdn.example/z", "mailto:a@b.c", "")])
print(parse_qs("a=1&a=2&b=&c"), quote_plus("a b&c=ü/"), urlsplit("//host:99999/path").netloc)
errors = []
for action in (lambda: urlsplit("http://h:99999/").port, lambda: urlsplit("http://[bad/"), lambda: ipaddress.ip_network("10.0.0.1/8"), lambda: ipaddress.ip_address("1.2.3")):
    try:
        errors.append(str(action()))
    except ValueError as error:
        errors.append(type(error).__name__)
net = ipaddress.ip_network("192.168.4.0/22")
cookie = SimpleCookie('session="a b"; theme=dark; bad')
cookie["new"] = "1"
cookie["new"]["max-age"], cookie["new"]["httponly"] = 60, True
print(cookie["new"].OutputString(), HTTPStatus(404).phrase, HTTPStatus.TOO_MANY_REQUESTS.value)
[errors, net.num_addresses, [str(one) for one in net.subnets(new_prefix=24)][-1], ipaddress.ip_address("192.168.7.9") in net, ipaddress.ip_address("fe80::1").is_link_local, str(ipaddress.ip_address("10.0.0.255") + 1), [str(one) for one in ipaddress.collapse_addresses([ipaddress.ip_network("10.0.0.0/25"), ipaddress.ip_network("10.0.0.128/25")])]]
