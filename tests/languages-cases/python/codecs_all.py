import codecs

text = "Žluťoučký kůň €"
for name in ("cp1250", "iso8859_2", "utf_7", "utf_32_le", "mac_latin2", "cp852"):
    print(name, text.encode(name, "replace").decode(name))
print(codecs.encode("hello", "rot13"), codecs.encode(b"hello", "hex"), "bücher.example".encode("idna"))
print("привет".encode("koi8_r"), b"\x82\xe9".decode("cp437"), "a\u2028b".encode("unicode_escape"))
codecs.lookup("latin-1").name
