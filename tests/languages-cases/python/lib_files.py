import shutil
import tempfile
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    base = Path(folder)
    (base / "in").mkdir()
    for name in ("b.txt", "a.txt", "c.csv"):
        (base / "in" / name).write_text(name * 2, encoding="utf-8")
    shutil.copytree(base / "in", base / "out")
    (base / "out" / "a.txt").rename(base / "out" / "z.txt")
    found = sorted(path.relative_to(base).as_posix() for path in base.rglob("*.txt"))
    size = sum(path.stat().st_size for path in (base / "out").iterdir())
[found, size, Path(folder).exists()]
