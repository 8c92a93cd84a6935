"""Gets packages from PyPI for a build of the language: python3 guest-tools/python_packages.py FOLDER SPEC…

A SPEC is NAME or NAME==VERSION; `-r FILE` is a file of them, whose digests (`--hash=sha256:…`) are checked where it has any.
Only wheels are taken, for the setup of a source package would run here: those that run on every machine, and those for
Emscripten (PEP 783), whose machine code `python_native.py` makes fit. What was taken is written to
FOLDER/_stockade_packages/list.json, for the build, and to standard output as a file for `-r`: each package with its version
and its digest.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import python_native

# Wheels for every machine and for Emscripten, of the Python of the sandbox.
FIT = ["--only-binary", ":all:", "--platform", "any", "--platform", "pyemscripten_2026_0_wasm32", "--implementation", "cp",
       "--abi", "cp314", "--abi", "none", "--python-version", "3.14"]
# The packages with machine code for Emscripten that were tried in the sandbox, and work. Of msgspec, functions are missing.
FITS = ["pydantic-core"]
# What PyPI has for no WebAssembly. Tried in November 2026; see the guide, "Packages of Python".
NATIVE = {
    "numpy": "PyPI has it for no WebAssembly",
    "pandas": "it needs numpy, which PyPI has for no WebAssembly",
    "scipy": "it needs numpy, which PyPI has for no WebAssembly",
    "matplotlib": "it needs numpy, which PyPI has for no WebAssembly; `import chart` draws SVG",
    "pyyaml": "it has none of Python alone; ruamel.yaml has",
    "lxml": "it needs libxml2",
    "pillow": "it needs machine code",
    "cryptography": "it needs OpenSSL",
}


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def reported(arguments):
    """What pip has done, or would do, for some arguments."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        done = pip("--report", str(report), *arguments)
        return done, json.loads(report.read_text())["install"] if report.exists() else []


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(spec):
    return normal(re.split(r"[<>=!~;\[ @]", spec.strip(), maxsplit=1)[0])


def fail(message):
    sys.exit(f"error: {message}")


def why(output, specs):
    """The packages for which pip has found no wheel, and what is known of them."""
    missing = sorted({name_of(one) for one in re.findall(r"No matching distribution found for ([^\s(]+)", output)})
    missing = missing or sorted({name_of(one) for one in re.findall(r" depends on ([\w.-]+)", output)})
    if not missing or "Retrying" in output:
        return f"pip says:\n{output[max(output.find('ERROR'), 0):].strip()}"
    needed = [name for name in missing if name not in map(name_of, specs)]
    by = f" ({', '.join(specs)} needs it)" if needed else ""
    return "; ".join(map(unavailable, missing)) + by


def unavailable(name):
    known = NATIVE.get(name) or ("it has none of Python alone" if newest(name) else "PyPI has no package of this name")
    return f"{name} has no wheel that runs in the sandbox: {known}"


def newest(name):
    """The newest version of a package on PyPI, whatever it needs."""
    _, found = reported(["--dry-run", "--no-deps", "--ignore-installed", name])
    return found[0]["metadata"]["version"] if found else None


def warn_of_old(specs, found):
    """Says where a newer version of what was asked for needs machine code."""
    versions = {normal(one["metadata"]["name"]): one["metadata"]["version"] for one in found}
    for name in map(name_of, specs):
        last = newest(name)
        if "==" not in name and last and last != versions.get(name):
            old = versions.get(name)
            print(f"warning: {name} {old} is taken; {last} has no wheel that runs in the sandbox, or needs a package "
                  "that has none", file=sys.stderr)


def modules_of(folder, one):
    """The modules and packages at the top that a wheel has brought."""
    name, version = normal(one["metadata"]["name"]), one["metadata"]["version"]
    own = normal(f"{name}-{version}.dist-info")
    info = next(path for path in folder.glob("*.dist-info") if normal(path.name) == own)
    tops = set()
    for line in (info / "RECORD").read_text().splitlines():
        path = line.partition(",")[0]
        top, slash, _ = path.partition("/")
        if slash and path.endswith(".py") and top.isidentifier():
            tops.add(top)
        elif not slash and path.endswith(".py"):
            tops.add(path.removesuffix(".py"))
    return sorted(tops) or fail(f"{name} {version} brings no module")


def fit(folder, found):
    """Makes machine code fit for the sandbox, and refuses what was not tried there."""
    for one in found:
        name = normal(one["metadata"]["name"])
        if one["download_info"]["url"].endswith("_wasm32.whl") and name not in FITS:
            fail(f"{name} has machine code for Emscripten, and only that of {', '.join(FITS)} is known to run in the sandbox")
    python_native.fit(folder)


def described(folder, one):
    digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
    name, version = one["metadata"]["name"], one["metadata"]["version"]
    return {"name": name, "version": version, "sha256": digest, "modules": modules_of(folder, one)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("-r", "--requirements", metavar="FILE")
    given = parser.parse_args()
    for spec in given.specs:
        if not re.fullmatch(r"[A-Za-z0-9][\w.\-]*(\[[\w,\-]+\])?([<>=!~]=?[\w.*+!]+(,[<>=!~]=?[\w.*+!]+)*)?", spec):
            fail(f'"{spec}" is not a package; give NAME, or NAME==VERSION')
    wanted = [*given.specs, *(["-r", given.requirements] if given.requirements else [])]
    done, found = reported([*FIT, "--target", str(given.folder), "--upgrade", *wanted])
    if done.returncode != 0:
        fail(why(done.stdout + done.stderr, given.specs))
    fit(given.folder, found)
    warn_of_old([spec for spec in given.specs if "=" not in spec], found)
    listed = sorted((described(given.folder, one) for one in found), key=lambda one: normal(one["name"]))
    own = given.folder / "_stockade_packages"
    own.mkdir(exist_ok=True)
    (own / "__init__.py").write_text("")
    (own / "list.json").write_text(json.dumps(listed))
    for one in listed:
        print(f"{one['name']}=={one['version']} --hash=sha256:{one['sha256']}")


main()
