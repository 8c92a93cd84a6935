"""The functions of `hashlib` that CPython takes from OpenSSL, which this build has not."""

import hashlib


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Password-based key derivation by HMAC, as PKCS 5 version 2 says."""
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    keyed = [hashed(hash_name, password, pad) for pad in (0x36, 0x5C)]
    size = keyed[0].digest_size
    wanted = size if dklen is None else dklen
    if wanted < 1:
        raise ValueError("key length must be greater than 0.")
    blocks = [block(*keyed, bytes(salt) + number.to_bytes(4, "big"), iterations) for number in range(1, -(-wanted // size) + 1)]
    return b"".join(blocks)[:wanted]


def hashed(name, password, pad):
    """The hash of a key of HMAC, to be copied for each text."""
    first = hashlib.new(name)
    password = bytes(password)
    if len(password) > first.block_size:
        password = hashlib.new(name, password).digest()
    first.update(bytes(byte ^ pad for byte in password.ljust(first.block_size, b"\0")))
    return first


def block(inner, outer, text, iterations):
    total = 0
    for _ in range(iterations):
        one, other = inner.copy(), outer.copy()
        one.update(text)
        other.update(one.digest())
        text = other.digest()
        total ^= int.from_bytes(text)
    return total.to_bytes(inner.digest_size)


def scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64):
    raise NotImplementedError("hashlib.scrypt is not in this build of Python: it is OpenSSL's, and in Python alone it would take "
                              "minutes; hashlib.pbkdf2_hmac is here")


def install():
    hashlib.pbkdf2_hmac, hashlib.scrypt = pbkdf2_hmac, scrypt
