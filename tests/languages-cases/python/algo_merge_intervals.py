def merge(spans):
    merged = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return merged

[merge([[1, 3], [2, 6], [8, 10], [9, 9]]), merge([]), merge([[5, 6], [1, 2]])]
