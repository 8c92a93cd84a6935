import hashlib, base64, hmac
digest = hashlib.sha256(b"stockade").hexdigest()
mac = hmac.new(b"key", b"message", hashlib.sha256).hexdigest()
result = [digest[:16], mac[:16], base64.b64encode(b"hello").decode(), hashlib.md5(b"").hexdigest()]
