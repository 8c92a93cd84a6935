def primes(limit):
    is_prime = [True] * (limit + 1)
    is_prime[0:2] = [False, False]
    for number in range(2, int(limit ** 0.5) + 1):
        if is_prime[number]:
            for multiple in range(number * number, limit + 1, number):
                is_prime[multiple] = False
    return [number for number, prime in enumerate(is_prime) if prime]

found = primes(1000)
[len(found), found[-1], sum(found), found[:5]]
