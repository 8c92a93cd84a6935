import csv
import io

SEMICOLON = 'name;price;note\n"Müller; Söhne";3,50;"said ""hi"""\nMug;8,00;\n'
TABS = "name\tprice\nTea\t3.5\nMug\t8\textra\nPen\n"
dialect = csv.Sniffer().sniff("a;b;c\n1;2;3\n4;5;6\n", delimiters=";,\t")
rows = list(csv.DictReader(io.StringIO(SEMICOLON), dialect=dialect))
prices = [float(row["price"].replace(",", ".")) for row in rows]
print(repr(dialect.delimiter), rows[0]["name"], rows[0]["note"], sum(prices))
ragged = list(csv.DictReader(io.StringIO(TABS), delimiter="\t", restkey="more", restval="?"))
print(ragged)
out = io.StringIO(newline="")
writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
writer.writerow(["a", 1, 2.5, None, True, "line\nbreak"])
csv.register_dialect("pipes", delimiter="|", quoting=csv.QUOTE_NONE, escapechar="\\")
csv.writer(out, "pipes", lineterminator="\n").writerow(["x|y", "z"])
print(out.getvalue(), end="")
back = list(csv.reader(io.StringIO('"a",1.5,"3"\n'), quoting=csv.QUOTE_NONNUMERIC))
try:
    list(csv.reader(["a\0b"], strict=True)) and list(csv.reader(['"abc"x'], strict=True))
except csv.Error as error:
    print(error)
back
