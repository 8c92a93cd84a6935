"""`random.seed(1.5)` as elsewhere: it takes the hash of a float, which has 32 bits in this build and 64 elsewhere."""

import functools
import math
import random

PRIME, INFINITY = 2**61 - 1, 314159


def hash_of(number):
    """The hash of a float in 64 bits, without a sign."""
    if not math.isfinite(number):
        return (INFINITY if number > 0 else -INFINITY) % 2**64
    over, under = abs(number).as_integer_ratio()
    found = over * pow(under, -1, PRIME) % PRIME
    found = -found if number < 0 else found
    return (-2 if found == -1 else found) % 2**64


def install():
    seed = random.Random.seed

    @functools.wraps(seed)
    def seeding(self, a=None, version=2):
        seed(self, hash_of(a) if type(a) is float and not math.isnan(a) else a, version)

    random.Random.seed = seeding
    random.seed = random._inst.seed
