class Bucket:
    def __init__(self, size, rate):
        self.size, self.rate, self.tokens, self.at = size, rate, size, 0.0

    def take(self, now):
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

bucket = Bucket(2, 1)
[bucket.take(now) for now in (0, 0, 0, 0.5, 1, 1.5, 4, 4, 4)]
