import time
from datetime import date, datetime

moment = datetime(2024, 1, 5, 15, 4)
for format in ["%I:%M%P", "%l:%M %p", "50% on %d", "%k", "%^a %^B", "%#p %#a", "%Y %", "%", "%q %Y", "%-d %b", "%%d %f", "%e|%j|%U|%G-W%V", ""]:
    print(repr(format), repr(moment.strftime(format)), repr(date(2024, 11, 30).strftime(format)), repr(f"{moment:{format}}") if format else "")
print(repr(time.strftime("%l %P %Y %", time.gmtime(0))))
