import os, shutil, pathlib
os.makedirs("/tmp/d/e"); open("/tmp/d/e/f", "w").close()
print(os.stat("/tmp/d/e/f").st_size, os.listdir("/tmp/d"), [e.name for e in os.scandir("/tmp/d")], os.path.exists("/tmp/d/e/f"))
for f in (os.listdir, os.stat, os.mkdir, os.rmdir, os.remove, os.scandir, open, os.makedirs):
    try: print(f.__name__, f(""))
    except FileNotFoundError as e: print(f.__name__, e.strerror, repr(e.filename))
shutil.copy("/tmp/d/e/f", "/tmp/d/g"); shutil.copy2("/tmp/d/g", "/tmp/d/h"); shutil.rmtree("/tmp/d"); print(os.path.exists("/tmp/d"), pathlib.Path("").exists(), pathlib.Path("").resolve() == pathlib.Path.cwd(), os.path.isdir(""))
print(sorted(os.listdir(path="/tmp")) == sorted(os.listdir("/tmp")), os.access("/tmp", os.R_OK), os.path.getmtime("/tmp") > 0, os.path.samefile("/tmp", "/tmp/."))
os.utime("/tmp", (1, 2)); print(os.stat("/tmp").st_mtime); os.symlink("/tmp/x", "/tmp/link") if False else None
