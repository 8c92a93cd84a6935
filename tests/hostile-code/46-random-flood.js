require("crypto").randomBytes(2 ** 31 - 1).length
