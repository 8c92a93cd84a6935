import os
with open("/tmp/f.txt", "w") as f:
    f.write("a 1\nx\ny\n")
with open("/tmp/f.txt", "r+") as f:
    print(f.read(2)); f.seek(0); f.write("Z"); f.seek(0, os.SEEK_END); f.write("end")
print(open("/tmp/f.txt").read().split("\n"))
with open("/tmp/f.bin", "wb") as f:
    f.write(b"abc"); f.seek(1); f.write(b"Z"); f.flush(); print(f.seek(0, 2), f.write(b"end"), f.tell())
with open("/tmp/f.bin", "rb+") as f:
    f.write(b"12"); f.seek(-2, 2); f.write(b"yz"); f.seek(0); print(f.read(), f.truncate(3), f.seek(0, 2), f.write(b"!"))
print(open("/tmp/f.bin", "rb").read())
fd = os.open("/tmp/f.bin", os.O_RDWR)
print(os.write(fd, b"Q"), os.lseek(fd, 0, os.SEEK_END), os.write(fd, b"tail"), os.lseek(fd, 0, os.SEEK_CUR))
os.close(fd)
print(open("/tmp/f.bin", "rb").read(), [os.path.exists(path) for path in ("", ".", "/tmp")])
with open("/tmp/f.w", "w+") as f:
    f.write("one\n"); f.seek(0, 2); f.write("two\n"); f.seek(0); print(f.readlines(), f.mode, f.name, f.buffer.raw.__class__.__name__)
with os.fdopen(os.open("/tmp/f.fd", os.O_CREAT | os.O_RDWR), "w+b") as f:
    f.write(b"12345"); f.seek(1); f.write(b"x"); f.seek(0, 2); f.write(b"6"); f.seek(0); print(f.read())
for path, mode, more in (("", "w", {}), ("/tmp/f.w", "x", {}), ("/tmp", "w", {}), ("/tmp/f.w", "rw", {}), ("/tmp/f.w", "w+b", {"encoding": "utf-8"}), ("/tmp/f.w", "w", {"buffering": 0}), ("/tmp/f.w", "w", {"encoding": "nope"}), ("/tmp/f.w", "ww", {}), ("/tmp/f.w", "w+", {"errors": "nope"})):
    try:
        open(path, mode, **more).close()
        print(mode, "opened")
    except Exception as error:
        print(mode, type(error).__name__, getattr(error, "strerror", None) or error)
