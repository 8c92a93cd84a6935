import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid


class Kind(enum.Enum):
    A = "a"


@dataclasses.dataclass
class Item:
    id: uuid.UUID
    price: decimal.Decimal
    when: dt.datetime
    kind: Kind = Kind.A
    tags: frozenset = frozenset()


class Encoder(json.JSONEncoder):
    def default(self, value):
        match value:
            case dt.datetime():
                return {"$date": value.isoformat()}
            case decimal.Decimal() | uuid.UUID():
                return str(value)
            case enum.Enum():
                return value.value
            case set() | frozenset():
                return sorted(value)
            case _ if dataclasses.is_dataclass(value):
                return dataclasses.asdict(value)
        return super().default(value)


def hook(pairs):
    match dict(pairs):
        case {"$date": text}:
            return dt.datetime.fromisoformat(text)
        case found:
            if len(found) != len(pairs):
                raise ValueError(f"a key comes twice: {[key for key, _ in pairs]}")
            return found


item = Item(uuid.UUID(int=7), decimal.Decimal("9.90"), dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), tags=frozenset("ba"))
text = json.dumps({"item": item, "n": 1e400, "ü": "\u2028</"}, cls=Encoder, indent=1, ensure_ascii=False, sort_keys=True)
print(text)
again = json.loads(text, object_pairs_hook=hook, parse_float=decimal.Decimal)
print(type(again["item"]["when"]).__name__, again["n"], json.loads("1.10", parse_float=decimal.Decimal), json.loads("12345678901234567890123"))
errors = []
for action in (lambda: json.dumps({1, 2}), lambda: json.loads('{"a": 1, "a": 2}', object_pairs_hook=hook), lambda: json.dumps(float("nan"), allow_nan=False), lambda: json.loads("[1,]"),
               lambda: json.dumps({(1, 2): 3}), lambda: json.loads('"\t"'), lambda: json.loads("")):
    try:
        errors.append(action())
    except (TypeError, ValueError) as error:
        errors.append(type(error).__name__)
loop = []
loop.append(loop)
try:
    json.dumps(loop)
except ValueError as error:
    print(error)
decoder = json.JSONDecoder()
[errors, json.dumps({1: None, True: 2.0, None: "é"}), json.dumps([1, {"a": []}], separators=(",", ":")), decoder.raw_decode('{"a": 1} rest')[1], json.loads('"\\ud83d\\ude00"')]
