require("crypto").pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512")
