from decimal import *
getcontext().prec = 28
print(Decimal("1") / 7, Decimal("0.1") + Decimal("0.2"), Decimal(0.1), Decimal("1E+3").normalize(), Decimal("1000").normalize(), Decimal("-0.00"))
for r in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_05UP, ROUND_HALF_DOWN):
    print(r, Decimal("2.345").quantize(Decimal("0.01"), r), Decimal("-2.5").quantize(Decimal("1"), rounding=r))
with localcontext() as c:
    c.prec = 5
    print(Decimal(2).sqrt(), Decimal(1).exp(), Decimal(10).ln(), c)
with localcontext(Context(traps=[])):
    print(Decimal(1) / 0, Decimal("x"), Decimal("NaN") + 1)
for bad in (lambda: Decimal("x"), lambda: Decimal(1) / 0, lambda: Decimal("NaN") > 1, lambda: Decimal(0) / 0, lambda: Decimal("1e30").quantize(Decimal("0.01")), lambda: 1.5 + Decimal(1)):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__, error)
print(f"{Decimal('1234567.891'):,.2f} {Decimal('0.000001'):f} {Decimal('1e-7')} {Decimal('12'):>8} {Decimal('0.25'):.1%} {Decimal('12345'):e}")
print(Decimal("1.10") == Decimal("1.1"), hash(Decimal("1.1")) == hash(Decimal("1.10")), Decimal("1.1") == 1.1, Decimal(3).as_integer_ratio(), Decimal("3.14").as_tuple())
print(sum(map(Decimal, ["0.1"] * 10)), max(Decimal("1"), 2), round(Decimal("2.675"), 2), int(Decimal("-3.9")), Decimal("7") % Decimal("-3"), Decimal("-7") // 2)
print(Decimal("123.456").__round__(1))
