import heapq
jobs = [(5, "low"), (1, "high"), (3, "mid")]
heapq.heapify(jobs)
heapq.heappush(jobs, (2, "next"))
result = [heapq.heappop(jobs)[1] for _ in range(4)] + heapq.nlargest(2, [4, 9, 1])
