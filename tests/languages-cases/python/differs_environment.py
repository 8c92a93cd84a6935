import os
import platform
import sys

[dict(os.environ), os.getcwd(), sys.platform, platform.machine()]
