import hashlib
hashlib.pbkdf2_hmac('sha512', b'a', b'b', 2_000_000_000)
