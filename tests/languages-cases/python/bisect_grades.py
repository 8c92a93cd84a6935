import bisect
def grade(score, breaks=(60, 70, 80, 90), grades="FDCBA"):
    return grades[bisect.bisect(breaks, score)]
result = [grade(s) for s in (33, 99, 77, 70, 89)]
