import hashlib, base64
result = [hashlib.sha256(b"stockade").hexdigest()[:16], base64.b64encode(b"hello").decode()]
