import csv, io
print(list(csv.reader(['a,"b ""q"" c",d', '"multi', 'line",x,'])))
try:
    list(csv.reader(['a,"b'], strict=True))
except csv.Error as error:
    print("Error:", error)
w = csv.writer(b := io.StringIO(), delimiter="\t", quotechar="'", quoting=csv.QUOTE_MINIMAL)
w.writerow(["it's", "a\tb", None, 1.0, True, ""])
print(repr(b.getvalue()))
r = csv.DictReader(io.StringIO("a,b\n1,2,3\n4\n"), restkey="rest", restval="-")
print(list(r), r.line_num)
try:
    csv.writer(io.StringIO(), quoting=csv.QUOTE_NONE).writerow(["a,b"])
except csv.Error as e:
    print(e)
try:
    csv.DictWriter(io.StringIO(), ["a"]).writerow({"a": 1, "b": 2})
except ValueError as e:
    print(e)
csv.list_dialects()
