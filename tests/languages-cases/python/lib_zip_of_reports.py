import csv
import gzip
import io
import json
import zipfile

sales = [("north", 2024, 10.5), ("south", 2024, 20.25), ("north", 2025, 30.0)]
regions = sorted({region for region, *_ in sales})
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
    for region in regions:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["year", "total"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"year": year, "total": total} for name, year, total in sales if name == region)
        info = zipfile.ZipInfo(f"reports/{region}.csv", (2025, 1, 2, 3, 4, 6))
        info.compress_type, info.comment = zipfile.ZIP_DEFLATED, region.encode()
        pack.writestr(info, text.getvalue())
    pack.writestr("log.json.gz", gzip.compress(json.dumps({"rows": len(sales)}).encode(), mtime=0))
    with pack.open("big.txt", "w") as file:
        for n in range(1000):
            file.write(f"line {n}\n".encode())
    pack.comment = b"made by code"
archive.seek(0)
with zipfile.ZipFile(archive) as pack:
    print(pack.namelist(), pack.testzip(), pack.comment)
    totals = {}
    for path in zipfile.Path(pack, "reports/").iterdir():
        with path.open(encoding="utf-8") as file:
            totals[path.stem] = sum(float(row["total"]) for row in csv.DictReader(file))
    meta = json.loads(gzip.decompress(pack.read("log.json.gz")))
    info = pack.getinfo("reports/north.csv")
    big = pack.getinfo("big.txt")
    print(info.date_time, info.comment, big.file_size, big.compress_size < 3500, f"{info.CRC:08x}")
errors = []
for action in (lambda: zipfile.ZipFile(io.BytesIO(b"no")), lambda: zipfile.ZipFile(archive).read("nope"), lambda: gzip.decompress(b"xx")):
    try:
        action()
    except Exception as error:
        errors.append(type(error).__name__)
[totals, meta, errors]
