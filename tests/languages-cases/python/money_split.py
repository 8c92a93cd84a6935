def split(cents, shares):
    total, given, parts = sum(shares), 0, []
    for index, share in enumerate(shares):
        upto = cents * sum(shares[: index + 1]) // total
        parts.append(upto - given)
        given = upto
    return parts

[split(1000, [1, 1, 1]), split(5, [3, 3]), split(100, [50, 30, 20]), sum(split(9999, [7, 11, 13]))]
