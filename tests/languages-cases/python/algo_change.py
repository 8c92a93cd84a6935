def ways(total, coins):
    counts = [1] + [0] * total
    for coin in coins:
        for amount in range(coin, total + 1):
            counts[amount] += counts[amount - coin]
    return counts[total]

def fewest(total, coins):
    best = [0] + [None] * total
    for amount in range(1, total + 1):
        known = [best[amount - coin] for coin in coins if coin <= amount and best[amount - coin] is not None]
        best[amount] = min(known) + 1 if known else None
    return best[total]

[ways(100, [1, 5, 10, 25, 50]), fewest(63, [1, 5, 10, 21, 25]), fewest(3, [2])]
