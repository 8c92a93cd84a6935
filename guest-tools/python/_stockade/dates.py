"""`strftime` with the directives of glibc, which code is written for: this build has musl's, which answers one that it does not
know with an empty text."""

import functools
import re
import time

DIRECTIVE = re.compile(r"%([-_0^#+]*)(\d*)([EO]?)(.?)", re.DOTALL)
# What musl knows; a flag of case it does not.
KNOWN = set("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%")
OTHERS = {"k": "%_H", "l": "%_I"}


def install():
    told = time.strftime

    @functools.wraps(told)
    def strftime(format, *moment):
        def spelled(found):
            flags, width, form, letter = found.groups()
            if letter == "P":
                return told("%p", *moment).lower()
            if letter in OTHERS:
                return OTHERS[letter]
            if letter == "s":
                return str(int(time.mktime(moment[0] if moment else time.localtime())))
            if letter not in KNOWN or letter == "":
                return "%" + found.group()
            if not width and "^" not in flags and "#" not in flags:
                return found.group()
            plain = told(f"%{'-' if width else flags.replace('^', '').replace('#', '')}{form}{letter}", *moment)
            if "^" in flags or "#" in flags:
                plain = plain.lower() if "#" in flags and letter == "p" else plain.upper()
            is_number = plain.isdigit() and letter != "e" and not {"_", "-"} & set(flags)
            return plain.rjust(int(width or 0), "0" if is_number or "0" in flags else " ").replace("%", "%%")

        return told(DIRECTIVE.sub(spelled, format) if "%" in format else format, *moment)

    time.strftime = strftime
