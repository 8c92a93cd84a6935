people = [{"n": "Bo", "a": 30}, {"n": "Al", "a": 25}, {"n": "Cy", "a": 30}]
people.sort(key=lambda p: (-p["a"], p["n"]))
result = [p["n"] for p in people] + sorted("banana", reverse=True)[:2]
