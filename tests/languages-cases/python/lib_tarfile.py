import gzip
import io
import tarfile
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
    data = b"hello"
    info = tarfile.TarInfo("folder/a.txt")
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
buffer.seek(0)
with tarfile.open(fileobj=buffer) as archive:
    names, text = archive.getnames(), archive.extractfile("folder/a.txt").read().decode()
[names, text, gzip.decompress(gzip.compress(b"x" * 50)).decode()[:3]]
