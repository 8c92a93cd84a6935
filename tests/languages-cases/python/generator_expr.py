squares = (n * n for n in range(10) if n % 2)
result = [sum(squares), any(n > 5 for n in [1, 9]), max((len(w), w) for w in ["aa", "b"])]
