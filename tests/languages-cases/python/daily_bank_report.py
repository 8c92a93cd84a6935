from decimal import Decimal, ROUND_HALF_UP
from datetime import date, timedelta
import csv, io, textwrap
raw = """date;description;amount
2024-01-31;"Salary; January";2.500,00
2024-02-01;Rent;-950,50
2024-02-03;Groceries;-82,37
2024-02-29;Interest;0,125
"""
def parse(s): return Decimal(s.replace(".", "").replace(",", "."))
rows = [dict(r, amount=parse(r["amount"]), date=date.fromisoformat(r["date"])) for r in csv.DictReader(io.StringIO(raw), delimiter=";")]
bal = Decimal(0)
for r in rows:
    bal += r["amount"]
    print(f"{r['date']:%d.%m.%y} {r['description']:<18.18} {r['amount'].quantize(Decimal('0.01'), ROUND_HALF_UP):>10,} {bal:>12,.2f}")
q = sum((r["amount"] for r in rows if r["amount"] < 0), Decimal())
print(q, -q / 3, round(-q / 3, 2), (rows[-1]["date"] - rows[0]["date"]).days, rows[0]["date"] + timedelta(weeks=4), rows[0]["date"].replace(day=1) - timedelta(days=1))
def add_months(d, n):
    m = d.month - 1 + n; y = d.year + m // 12; m = m % 12 + 1
    return date(y, m, min(d.day, [31, 29 if y % 4 == 0 and (y % 100 or y % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m - 1]))
print([str(add_months(date(2024, 1, 31), n)) for n in (1, 13, -2)], f"{Decimal('1234.5'):€>12}", f"{Decimal('-5.55'):+.1f}", Decimal("2.675").quantize(Decimal("1.00")), str(Decimal("1e3")), Decimal("10") / 3)
