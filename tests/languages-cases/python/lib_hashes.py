import hashlib
import hmac
import secrets
key = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 50)
long = hashlib.pbkdf2_hmac("sha512", b"x" * 200, b"salt", 3, dklen=100)
token = secrets.token_urlsafe(16)
[key.hex(), long.hex()[-16:], hmac.new(b"k", b"m", "sha256").hexdigest()[:16], hmac.compare_digest("a", "a"), len(token), hashlib.blake2b(b"x", digest_size=8).hexdigest(),
 hashlib.sha3_256(b"").hexdigest()[:16], secrets.choice([7])]
