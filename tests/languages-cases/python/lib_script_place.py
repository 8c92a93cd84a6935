import os
import pathlib
import shutil

here = pathlib.Path(__file__).resolve().parent
(here / "data.csv").write_text("a,b\n1,2\n")
try:
    columns = os.get_terminal_size().columns
except OSError:
    columns = shutil.get_terminal_size((60, 20)).columns
print("=" * (columns // 20))
[pathlib.Path(__file__).name, (here / "data.csv").read_text().count("\n"), os.path.basename(os.path.abspath(__file__)), __name__]
