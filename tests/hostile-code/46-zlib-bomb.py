import gzip
member = gzip.compress(bytes(8 << 20))
len(gzip.decompress(member * 40))
