class Timer:
    def __enter__(self):
        self.log = ["in"]
        return self
    def __exit__(self, kind, value, tb):
        self.log.append(kind.__name__ if kind else "none")
        return True
with Timer() as t:
    1 / 0
result = t.log
