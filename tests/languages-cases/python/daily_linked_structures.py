class Node:
    __slots__ = ("value", "next")
    def __init__(self, value, next=None): self.value, self.next = value, next
class Linked:
    def __init__(self, items=()):
        self.head = None; self.size = 0
        for i in items: self.append(i)
    def append(self, v):
        self.size += 1
        if not self.head: self.head = Node(v); return
        n = self.head
        while n.next: n = n.next
        n.next = Node(v)
    def __iter__(self):
        n = self.head
        while n: yield n.value; n = n.next
    def __len__(self): return self.size
    def reverse(self):
        prev, cur = None, self.head
        while cur: cur.next, prev, cur = prev, cur, cur.next
        self.head = prev; return self
    def __repr__(self): return f"Linked({list(self)})"
class BST:
    def __init__(self): self.root = None
    def insert(self, k):
        def go(n): 
            if n is None: return [k, None, None]
            i = 1 if k < n[0] else 2; n[i] = go(n[i]); return n
        self.root = go(self.root); return self
    def __iter__(self):
        def walk(n):
            if n: yield from walk(n[1]); yield n[0]; yield from walk(n[2])
        return walk(self.root)
    def height(self):
        def h(n): return 0 if n is None else 1 + max(h(n[1]), h(n[2]))
        return h(self.root)
t = BST()
for k in (5, 2, 8, 1, 9, 3): t.insert(k)
print(Linked("abc").reverse(), len(Linked(range(4))), 2 in Linked([1, 2]), list(t), t.height(), 8 in t, sum(t))
