import heapq

GRID = """\
S.#.....
..#.###.
....#.#.
.##.#.#.
.....#..
.###...E"""
grid = GRID.splitlines()
cells = {(r, c): mark for r, line in enumerate(grid) for c, mark in enumerate(line)}
start = next(place for place, mark in cells.items() if mark == "S")
goal = next(place for place, mark in cells.items() if mark == "E")


def path(start, goal):
    best, came, queue = {start: 0}, {}, [(0, start)]
    visited = 0
    while queue:
        _, place = heapq.heappop(queue)
        visited += 1
        if place == goal:
            steps = [place]
            while steps[-1] in came:
                steps.append(came[steps[-1]])
            return steps[::-1], visited
        r, c = place
        for step in ((r + 1, c), (r, c + 1), (r - 1, c), (r, c - 1)):
            cost = best[place] + 1
            if cells.get(step, "#") != "#" and cost < best.get(step, float("inf")):
                best[step], came[step] = cost, place
                heapq.heappush(queue, (cost + abs(goal[0] - step[0]) + abs(goal[1] - step[1]), step))
    return None, visited


steps, visited = path(start, goal)
for r, line in enumerate(grid):
    print("".join("*" if (r, c) in steps and mark == "." else mark for c, mark in enumerate(line)))
[len(steps) - 1, visited <= len(cells), path(start, (99, 99))[0]]
