import io
import zipfile
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("ünï.txt", "text " * 20)
    archive.writestr("b/c.json", "{}")
data = buffer.getvalue()
old = data.replace("ünï.txt".encode(), b"\x81n\x8b.txt12")
with zipfile.ZipFile(io.BytesIO(data)) as archive:
    told = [[info.filename, info.file_size] for info in archive.infolist()]
    bad = archive.testzip()
[told, bad, zipfile.is_zipfile(io.BytesIO(data)), b"\x81n\x8b".decode("cp437")]
