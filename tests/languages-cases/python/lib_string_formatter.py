import string
from string import Formatter, Template


class Loose(Formatter):
    def get_value(self, key, args, kwargs):
        try:
            return super().get_value(key, args, kwargs)
        except (KeyError, IndexError):
            return f"<{key}?>"

    def convert_field(self, value, conversion):
        return value.upper() if conversion == "u" else super().convert_field(value, conversion)

    def format_field(self, value, spec):
        return super().format_field(value, "" if isinstance(value, str) and value.startswith("<") else spec)


class Percent(Template):
    delimiter = "%"
    idpattern = r"[a-z]+(?:\.[a-z]+)*"


f = Loose()
print(f.format("{0:>5}|{name!u}|{missing:.2f}|{1}|{x[2]}", "ab", name="zoe", x=[1, 2, 3]))
print(Percent("%user.name has 100%% of %{total}").safe_substitute({"user.name": "Bo"}), Template("$a ${b}c $$").get_identifiers())
parts = [(text, field, spec) for text, field, spec, _ in f.parse("a{x.y[0]:>{width}}b{{c}}")]
print(parts)
for text in ("{", "{0", "}", "{!x}"):
    try:
        print(text.format(1))
    except (ValueError, IndexError, KeyError) as error:
        print(type(error).__name__, error)
print("{:,}|{:_b}|{:+.3e}|{:%}|{:<6}|{:^+9.2f}|{:#x}|{:=+6d}".format(1234567, 5000, 0.00012345, 0.256, "é", 3.14159, 255, 42))
[string.capwords("the  quick-brown fox"), "%-5s|%05.1f|%x|%%" % ("a", 2.25, 255), "{0.real}{1[k]}".format(3 + 4j, {"k": "v"}), str.maketrans("ab", "xy", "c")]
