import heapq
from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(order=True)
class Job:
    end: int
    start: int = field(compare=False)
    worth: int = field(compare=False)
    name: str = field(compare=False, default="")


jobs = sorted([Job(6, 1, 50, "a"), Job(3, 2, 20, "b"), Job(10, 6, 100, "c"), Job(19, 2, 200, "d"), Job(12, 7, 60, "e")])
ends = [job.end for job in jobs]
best = [(0, ())]
for index, job in enumerate(jobs):
    before = bisect_right(ends, job.start, 0, index)
    take = best[before][0] + job.worth, (*best[before][1], job.name)
    best.append(max(take, best[-1], key=lambda one: one[0]))
print(best[-1])


def rooms(spans):
    free, most, used = [], 0, []
    for start, end in sorted(spans):
        while free and free[0] <= start:
            heapq.heappop(free)
        heapq.heappush(free, end)
        most = max(most, len(free))
        used.append(len(free))
    return most, used


print(rooms([(job.start, job.end) for job in jobs]))
tasks = [(2, "write"), (1, "urgent"), (2, "alpha"), (3, "later")]
heapq.heapify(tasks)
first = heapq.heappushpop(tasks, (0, "now"))
merged = list(heapq.merge([1, 4, 7], [2, 5, 8], [0, 9], reverse=False))
[first, heapq.nsmallest(2, tasks), heapq.nlargest(2, jobs, key=lambda job: job.worth)[0].name, merged]
