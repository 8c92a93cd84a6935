import hashlib
import hmac
import pathlib
import tempfile

with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "one.txt").write_text("one\n", encoding="utf-8")
    (root / "a" / "b" / "two.bin").write_bytes(bytes(range(256)) * 100)
    (root / "empty").touch()

    def manifest():
        out = {}
        for path in sorted(root.rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    out[path.relative_to(root).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
        return out

    before = manifest()
    (root / "a" / "one.txt").write_text("ONE\n")
    (root / "empty").unlink()
    (root / "new").write_bytes(b"")
    after = manifest()
changes = {
    "changed": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
    "gone": sorted(before.keys() - after.keys()),
    "new": sorted(after.keys() - before.keys()),
}
for name, digest in before.items():
    print(digest[:16], name)
signature = hmac.new(b"key", "\n".join(before).encode(), "sha256").hexdigest()
chain = b""
for name in before:
    chain = hashlib.blake2b(chain + name.encode(), digest_size=8, key=b"k").digest()
print(signature[:16], chain.hex(), hashlib.shake_128(b"x").hexdigest(5), hashlib.md5(b"", usedforsecurity=False).hexdigest()[:8])
[changes, hmac.compare_digest(signature, signature[::-1]), hashlib.sha3_256().block_size, root.exists()]
