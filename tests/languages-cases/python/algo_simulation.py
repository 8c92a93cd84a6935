import heapq
arrivals, service = [0, 1, 2, 8], 3
free, waits, finished = [0, 0], [], []
heapq.heapify(free)
for at in arrivals:
    begin = max(at, heapq.heappop(free))
    waits.append(begin - at)
    heapq.heappush(free, begin + service)
    finished.append(begin + service)
[waits, finished, heapq.nlargest(2, finished), list(heapq.merge([1, 4], [2, 3]))]
