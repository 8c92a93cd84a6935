import csv, io, json
raw = "id,name,tags,active\n1,Ann,\"a;b\",true\n2,Bob,,FALSE\n3,\"O'Neil, Cy\",x,\n"
def convert(row):
    return {"id": int(row["id"]), "name": row["name"].strip(), "tags": [t for t in row["tags"].split(";") if t], "active": {"true": True, "false": False}.get(row["active"].lower())}
print(json.dumps([convert(r) for r in csv.DictReader(io.StringIO(raw))], indent=2))
