from datetime import date
from typing import Any, Callable

Check = Callable[[Any], Any]


def integer(low=None, high=None) -> Check:
    def check(value):
        number = int(value)
        if low is not None and number < low:
            raise ValueError(f"{number} is below {low}")
        if high is not None and number > high:
            raise ValueError(f"{number} is above {high}")
        return number
    return check


def one_of(*choices) -> Check:
    def check(value):
        if value not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
        return value
    return check


SCHEMA: dict[str, Check] = {"id": integer(low=1), "age": integer(0, 130), "plan": one_of("free", "pro"), "since": date.fromisoformat}


def validate(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    clean, errors = {}, {}
    for name, check in SCHEMA.items():
        try:
            clean[name] = check(row[name])
        except KeyError:
            errors[name] = "missing"
        except (ValueError, TypeError) as error:
            errors[name] = str(error)
    for name in row.keys() - SCHEMA.keys():
        errors[name] = "unexpected"
    return clean, errors


rows = [
    {"id": "1", "age": "44", "plan": "pro", "since": "2024-02-29"},
    {"id": "0", "age": 131, "plan": "gold", "since": "yesterday"},
    {"id": 3, "plan": "free", "since": "2020-01-01", "color": "red"},
    {"id": None, "age": "x", "plan": "free", "since": "20200101"},
]
report = []
for row in rows:
    clean, errors = validate(row)
    report.append({"ok": not errors, "errors": dict(sorted(errors.items())), "since": clean["since"].isoformat() if "since" in clean else None})
report
