import os
import pathlib
import shutil
import tempfile
from pathlib import PurePosixPath, PureWindowsPath

with tempfile.TemporaryDirectory(prefix="tree-") as folder:
    root = pathlib.Path(folder)
    for name, size in {"src/main.py": 120, "src/util/text.py": 30, "docs/index.md": 64, "docs/img/a.svg": 900, "README.md": 10}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * size)

    def show(path, indent=""):
        for child in sorted(path.iterdir(), key=lambda one: (one.is_file(), one.name)):
            if child.is_dir():
                print(f"{indent}{child.name}/")
                show(child, indent + "  ")
            else:
                print(f"{indent}{child.name} {child.stat().st_size}")

    show(root)
    by_ending = {}
    for path in root.rglob("*.*"):
        by_ending[path.suffix] = by_ending.get(path.suffix, 0) + path.stat().st_size
    moved = (root / "README.md").rename(root / "docs" / "readme.txt")
    shutil.copy(moved, root / "src")
    shutil.copytree(root / "docs", root / "copy", ignore=shutil.ignore_patterns("*.svg"))
    shutil.rmtree(root / "docs")
    walked = [(pathlib.Path(at).relative_to(root).as_posix(), sorted(folders), sorted(files)) for at, folders, files in os.walk(root)]
    try:
        (root / "docs").iterdir().__next__()
    except FileNotFoundError as error:
        print(type(error).__name__, error.filename == str(root / "docs"))
    with open(root / "src" / "main.py", "r+") as file:
        file.seek(5)
        file.write("hello")
        file.truncate()
        file.seek(0)
        print(file.read())
path = PurePosixPath("/a/b/../c.tar.gz")
print(path.suffixes, path.stem, path.parent.name, path.with_suffix(".zip"), path.is_relative_to("/a"), path.match("*.gz"), path.parts)
[dict(sorted(by_ending.items())), sorted(walked)[1:3], str(PureWindowsPath(r"C:\x\y").joinpath("z").as_posix()), os.path.commonpath(["/a/b/c", "/a/b/d"])]
