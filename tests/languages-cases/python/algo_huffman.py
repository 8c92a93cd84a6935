import heapq
from collections import Counter
from itertools import count


def codes(text):
    order = count()
    heap = [(n, next(order), char) for char, n in sorted(Counter(text).items())]
    heapq.heapify(heap)
    while len(heap) > 1:
        n, _, a = heapq.heappop(heap)
        m, _, b = heapq.heappop(heap)
        heapq.heappush(heap, (n + m, next(order), (a, b)))
    table = {}

    def walk(node, prefix):
        if isinstance(node, str):
            table[node] = prefix or "0"
        else:
            walk(node[0], prefix + "0")
            walk(node[1], prefix + "1")

    walk(heap[0][2], "")
    return table


def decode(bits, table):
    back, word, out = {code: char for char, code in table.items()}, "", []
    for bit in bits:
        word += bit
        if word in back:
            out.append(back[word])
            word = ""
    return "".join(out)


text = "so much words wow many compression"
table = codes(text)
bits = "".join(map(table.get, text))
packed = int("1" + bits, 2).to_bytes((len(bits) + 8) // 8, "big")
again = decode(bin(int.from_bytes(packed, "big"))[3:], table)
for char, code in sorted(table.items(), key=lambda item: (len(item[1]), item[0]))[:4]:
    print(repr(char), code)
[again == text, len(bits), len(packed), codes("aaa")]
