import random, uuid, secrets
random.seed(42)
print([random.randint(1, 100) for _ in range(8)], random.random(), random.uniform(1, 2), random.gauss(0, 1), random.choice("abc"), random.choices([1, 2, 3], weights=[1, 2, 3], k=5), random.sample(range(100), 5), random.normalvariate(0, 1))
x = list(range(10)); random.shuffle(x); print(x)
r = random.Random("seed text")
print(r.random(), r.getrandbits(64), r.randrange(0, 100, 7), r.betavariate(1, 2), r.expovariate(1.5), r.triangular(0, 1, 0.5), r.lognormvariate(0, 1), r.paretovariate(2), r.vonmisesvariate(0, 1), r.randbytes(4), r.binomialvariate(10, 0.3))
r2 = random.Random(b"bytes"); print(r2.random()); r3 = random.Random(1.5); print(r3.random()); r4 = random.Random(-7); print(r4.random()); print(random.Random(2**70).random())
s = r.getstate(); a = r.random(); r.setstate(s); print(a == r.random())
print(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid3(uuid.NAMESPACE_URL, "http://x"), uuid.UUID("{12345678-1234-5678-1234-567812345678}").int, uuid.UUID(int=5), len(str(uuid.uuid4())), uuid.uuid4().version)
print(len(secrets.token_hex(8)), len(secrets.token_urlsafe(16)), secrets.randbelow(1), secrets.compare_digest("a", "a"))
try:
    uuid.UUID("xyz")
except ValueError as e:
    print(e)
try:
    random.sample([1, 2], 3)
except ValueError as e:
    print(e)
try:
    random.choice([])
except IndexError as e:
    print(e)
random.seed(7); [str(random.randrange(10**20)), random.sample(["a", "b", "c"], counts=[2, 1, 1], k=3)]
