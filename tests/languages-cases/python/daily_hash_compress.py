import hashlib, hmac, zlib, gzip, base64, binascii, io
for n in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s", "sha3_512"):
    print(n, hashlib.new(n, b"abc").hexdigest()[:20], hashlib.new(n).block_size, hashlib.new(n).digest_size, hashlib.new(n).name)
print(hashlib.shake_128(b"a").hexdigest(10), hashlib.blake2b(b"x", digest_size=8, key=b"k", salt=b"s", person=b"p").hexdigest())
print(hmac.new(b"key", b"msg", "sha256").hexdigest(), hmac.digest(b"k", b"m", "md5").hex(), hmac.compare_digest(b"a", b"b"))
print(hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 1000).hex(), hashlib.file_digest(io.BytesIO(b"abc"), "sha256").hexdigest()[:8])
data = b"hello world " * 50
print(len(zlib.compress(data)), zlib.decompress(zlib.compress(data, 9)) == data, zlib.crc32(data), zlib.adler32(data), binascii.crc32(b"x"))
packed = gzip.compress(data, mtime=0)
print(len(packed), packed[:4], gzip.decompress(packed) == data, base64.b64encode(zlib.compress(b"abc")).decode())
for bad in (lambda: zlib.decompress(b"junk"), lambda: gzip.decompress(b"junk"), lambda: gzip.decompress(packed[:-3]), lambda: hashlib.new("nope"), lambda: base64.b64decode("a"), lambda: base64.b64decode("a$b=", validate=True), lambda: binascii.unhexlify("abc"), lambda: hashlib.md5("text"), lambda: bytes.fromhex("zz")):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__, error)
d = zlib.decompressobj(); part = d.decompress(zlib.compress(data) + b"tail", 10); print(part, d.unused_data, len(d.unconsumed_tail), d.eof)
print(base64.b32encode(b"hi"), base64.b85encode(b"hello"), base64.a85encode(b"hello"), base64.urlsafe_b64encode(b"\xfb\xff"), base64.b16decode("4869"), base64.encodebytes(b"a" * 60))
h = hashlib.sha256(); h.update(b"a"); g = h.copy(); h.update(b"b"); (h.hexdigest()[:6], g.hexdigest()[:6], sorted(hashlib.algorithms_guaranteed))
