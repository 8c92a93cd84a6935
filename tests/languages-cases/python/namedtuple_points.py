from collections import namedtuple
Point = namedtuple("Point", "x y")
points = [Point(3, 4), Point(1, 1)]
far = max(points, key=lambda p: p.x ** 2 + p.y ** 2)
print(far)
result = far._asdict()
