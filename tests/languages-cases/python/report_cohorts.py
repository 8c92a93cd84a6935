from collections import defaultdict
from datetime import date

signups = {"a": date(2025, 1, 5), "b": date(2025, 1, 20), "c": date(2025, 2, 2), "d": date(2025, 2, 14), "e": date(2025, 3, 1)}
orders = [("a", date(2025, 1, 7)), ("a", date(2025, 2, 8)), ("a", date(2025, 3, 9)), ("b", date(2025, 3, 1)), ("c", date(2025, 2, 3)),
          ("d", date(2025, 3, 3)), ("e", date(2025, 3, 30)), ("c", date(2025, 2, 28))]


def months(a: date, b: date) -> int:
    return (b.year - a.year) * 12 + b.month - a.month


members, active = defaultdict(set), defaultdict(lambda: defaultdict(set))
for user, day in signups.items():
    members[f"{day:%Y-%m}"].add(user)
for user, day in orders:
    cohort = f"{signups[user]:%Y-%m}"
    active[cohort][months(signups[user], day)].add(user)
print("cohort   size " + "".join(f"{'M' + str(m):>6}" for m in range(3)))
table = {}
for cohort in sorted(members):
    size = len(members[cohort])
    shares = [len(active[cohort][m]) / size for m in range(3)]
    table[cohort] = [round(share, 3) for share in shares]
    print(f"{cohort} {size:>5} " + "".join(f"{share:>6.0%}" for share in shares))
table
