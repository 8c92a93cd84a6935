'x'.repeat(10 << 20)
