from typing import Optional, Iterable, TypedDict
class Row(TypedDict):
    name: str
    score: int
def best(rows: Iterable[Row], floor: Optional[int] = None) -> list[str]:
    return [r["name"] for r in rows if floor is None or r["score"] >= floor]
result = best([{"name": "a", "score": 5}, {"name": "b", "score": 9}], 6)
