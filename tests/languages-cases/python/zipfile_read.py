import zipfile
import io

kept = io.BytesIO()
with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("notes/a.txt", "hello " * 100)
    archive.writestr("ž.txt", "ž")
with zipfile.ZipFile(kept) as archive:
    print(archive.namelist(), archive.testzip())
    print(len(archive.read("notes/a.txt")), archive.getinfo("notes/a.txt").compress_size < 100)
    with archive.open("ž.txt") as file:
        print(io.TextIOWrapper(file, "utf-8").read())
zipfile.is_zipfile(kept)
