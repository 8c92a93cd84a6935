import csv
import io
text = 'id,comment,amount\n1,"He said ""hi"", twice",3\n2,"line one\nline two",4\n3,,\n'
rows = list(csv.DictReader(io.StringIO(text)))
total = sum(int(row["amount"] or 0) for row in rows)
print(len(rows), total)
[row["comment"] for row in rows]
