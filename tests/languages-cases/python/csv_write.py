import csv, io
out = io.StringIO()
writer = csv.writer(out)
writer.writerow(["name", "note"])
writer.writerows([["Ada", 'says "hi"'], ["Bob", "a,b"]])
print(out.getvalue(), end="")
result = out.getvalue().splitlines()
