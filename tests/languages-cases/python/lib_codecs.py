import codecs
encodings = ["utf-8-sig", "utf-16-le", "latin-1", "cp1252", "cp437", "shift_jis", "gb18030", "koi8-r", "mac-roman", "big5", "euc-kr", "iso8859-15"]
told = {}
for name in encodings:
    data = "é€".encode(name, "replace")
    told[name] = [data.hex(), data.decode(name)]
[told, codecs.encode("Hello", "rot13"), codecs.lookup("utf8").name, "x\udc80".encode("utf-8", "surrogateescape").hex(), "ß".encode("ascii", "xmlcharrefreplace").decode()]
