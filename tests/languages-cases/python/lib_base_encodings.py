import base64
import binascii
import codecs
import quopri
import urllib.parse
import uuid

data = "Příliš žluťoučký kůň \U0001f40e".encode()
for encode, decode in ((base64.b64encode, base64.b64decode), (base64.urlsafe_b64encode, base64.urlsafe_b64decode), (base64.b32encode, base64.b32decode),
                       (base64.b85encode, base64.b85decode), (base64.a85encode, base64.a85decode), (binascii.hexlify, binascii.unhexlify), (quopri.encodestring, quopri.decodestring)):
    text = encode(data)
    assert decode(text) == data, encode
    print(f"{encode.__name__:<18}{len(text):>4} {text[:16].decode()}")


def token(payload: bytes) -> str:
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode()


def from_token(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


assert from_token(token(b"\xfb\xff")) == b"\xfb\xff"
errors = []
for action in (lambda: base64.b64decode("abc"), lambda: base64.b64decode("a!b=", validate=True), lambda: bytes.fromhex("0g"), lambda: b"\xff".decode(), lambda: base64.b32decode("a")):
    try:
        action()
    except (ValueError, binascii.Error) as error:
        errors.append(f"{type(error).__name__}")
print(codecs.encode("Hello", "rot13"), "naïve".encode("ascii", "xmlcharrefreplace"), "é".encode("punycode"), "bücher.example".encode("idna"))
[errors, token(b"\xfb\xff"), str(uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/")), urllib.parse.quote("a b/ü?"), b"caf\xe9".decode("latin-1"), data.decode("utf-8", "ignore")[-1]]
