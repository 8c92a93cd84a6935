import os
import sys
from pathlib import Path
[len(sys.argv), isinstance(os.environ.get("STOCKADE_NOPE", "none"), str), Path("~").expanduser() == Path.home(), sys.version_info >= (3, 13), os.linesep]
