import traceback


class Invalid(ValueError):
    def __init__(self, field, why):
        super().__init__(f"{field} {why}")
        self.field = field


def validate(row):
    problems = []
    if not row.get("name"):
        problems.append(Invalid("name", "is missing"))
    if row.get("age", 0) < 0:
        problems.append(Invalid("age", "is negative"))
    if not isinstance(row.get("tags", []), list):
        problems.append(TypeError("tags is not a list"))
    if problems:
        group = ExceptionGroup(f"row {row['id']}", problems)
        group.add_note(f"keys: {', '.join(sorted(row))}")
        raise group


def validate_all(rows):
    failed = []
    for row in rows:
        try:
            validate(row)
        except ExceptionGroup as group:
            failed.append(group)
    if failed:
        raise ExceptionGroup("the import failed", failed)


rows = [{"id": 1, "name": "a"}, {"id": 2, "age": -1}, {"id": 3, "name": "c", "tags": "x"}]
fields = []
try:
    try:
        validate_all(rows)
    except* Invalid as group:
        for inner in group.exceptions:
            print(inner.message, inner.__notes__, [error.field for error in inner.exceptions])
            fields += [error.field for error in inner.exceptions]
    except* KeyError:
        print("never")
except ExceptionGroup as rest:
    print("left:", rest.message, [type(leaf).__name__ for inner in rest.exceptions for leaf in inner.exceptions])
    matched, other = rest.split(TypeError)
    print(matched is not None, other, rest.derive([ValueError("new")]).exceptions)
    text = "".join(traceback.format_exception_only(rest.exceptions[0].exceptions[0])).strip()
try:
    try:
        raise KeyError("inner")
    except* KeyError as group:
        raise RuntimeError("outer") from group
except* RuntimeError as group:
    cause = group.exceptions[0].__cause__
[fields, text, type(cause).__name__, repr(cause.exceptions[0])]
