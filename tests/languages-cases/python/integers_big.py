result = [str(2 ** 100), pow(3, 200, 1000007), divmod(-7, 3), 17 // 5, -17 % 5, bin(10), int("ff", 16), (255).bit_length()]
