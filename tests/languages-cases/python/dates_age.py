from datetime import date

def age(born, on):
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))

[age(date(2000, 2, 29), date(2026, 2, 28)), age(date(2000, 2, 29), date(2026, 3, 1)), age(date(2026, 1, 1), date(2026, 1, 1))]
