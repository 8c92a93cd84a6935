"""The packages that `stockade language add python --with …` adds: all their modules are loaded while the component is built."""

import importlib
import json
import pkgutil
import sys


def listed():
    """The packages that were added to this build: their names, versions, digests and modules."""
    try:
        data = pkgutil.get_data("_stockade_packages", "list.json")
    except (ImportError, OSError):
        data = None
    return json.loads(data or "[]")


def load(name):
    """Imports a module and all that are within it."""
    module = importlib.import_module(name)
    for one in pkgutil.iter_modules(getattr(module, "__path__", []), f"{name}."):
        last = one.name.rpartition(".")[2]
        if last.startswith("test") or last in ("__main__", "conftest"):
            continue
        try:
            load(one.name)
        except BaseException as error:
            # Many packages have modules for what else may be installed.
            print(f"{one.name} is left out: {type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)


def load_all():
    packages = listed()
    for package in packages:
        for name in package["modules"] if package["name"] != "tzdata" else ():
            try:
                load(name)
            except BaseException as error:
                told = f"{package['name']} {package['version']} does not load in the sandbox: {type(error).__name__}: {error}"
                raise RuntimeError(told) from error
    return packages
