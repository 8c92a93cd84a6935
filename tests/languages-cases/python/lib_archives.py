import zipfile, tarfile, io, gzip, os, zlib
b = io.BytesIO()
with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("a.txt", "hello" * 100); z.writestr(zipfile.ZipInfo("d/é.txt", (2024, 1, 2, 3, 4, 6)), b"x"); z.comment = b"c"; z.mkdir("dir")
with zipfile.ZipFile(b) as z:
    print(z.namelist(), z.getinfo("a.txt").file_size, z.getinfo("a.txt").compress_size, z.getinfo("d/é.txt").date_time, z.read("d/é.txt"), z.testzip(), z.comment, zipfile.is_zipfile(b))
    with z.open("a.txt") as f: print(f.read(7), f.readline()[:3])
    try: z.read("none")
    except KeyError as e: print(e)
    z.extractall("/tmp/z"); print(sorted(os.listdir("/tmp/z")), list(zipfile.Path(z).iterdir())[0].name)
for bad in (lambda: zipfile.ZipFile(io.BytesIO(b"no")), lambda: tarfile.open(fileobj=io.BytesIO(b"no")), lambda: gzip.open(io.BytesIO(b"xx")).read()):
    try: print(bad().__class__.__name__)
    except Exception as e: print(type(e).__name__, str(e)[:40])
t = io.BytesIO()
with tarfile.open(fileobj=t, mode="w:gz") as tar:
    i = tarfile.TarInfo("f/x.txt"); i.size = 3; i.mtime = 1; tar.addfile(i, io.BytesIO(b"abc")); tar.add("/tmp/z/a.txt", arcname="a.txt")
t.seek(0)
with tarfile.open(fileobj=t) as tar:
    print(tar.getnames(), tar.extractfile("f/x.txt").read(), tar.getmember("a.txt").size, [m.isfile() for m in tar]); tar.extractall("/tmp/tar", filter="data")
print(open("/tmp/tar/f/x.txt").read())
i = tarfile.TarInfo("../evil"); e = io.BytesIO()
with tarfile.open(fileobj=e, mode="w") as tar: tar.addfile(i)
e.seek(0)
try: tarfile.open(fileobj=e).extractall("/tmp/tar", filter="data")
except tarfile.FilterError as err: print(type(err).__name__)
with gzip.open("/tmp/g.gz", "wt", encoding="utf-8") as f: f.write("é\n2\n")
with gzip.open("/tmp/g.gz", "rt", encoding="utf-8") as f: print(f.readlines())
c = zlib.compressobj(level=9, wbits=31); data = c.compress(b"aa") + c.flush(); print(gzip.decompress(data))
