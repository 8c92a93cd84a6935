from collections import deque
graph = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
def path(start, goal):
    queue, seen = deque([[start]]), {start}
    while queue:
        at = queue.popleft()
        if at[-1] == goal:
            return at
        for n in graph[at[-1]]:
            if n not in seen:
                seen.add(n)
                queue.append(at + [n])
result = path("a", "d")
