import hashlib

try:
    hashlib.scrypt(b"password", salt=b"salt", n=16384, r=8, p=1)
except NotImplementedError as error:
    said = "hashlib.pbkdf2_hmac is here" in str(error)
said
