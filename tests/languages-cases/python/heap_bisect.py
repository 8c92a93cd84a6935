import heapq, bisect, array, graphlib, copy, weakref, gc, types
h = [5, 1, 4, 2]; heapq.heapify(h); heapq.heappush(h, 0); print(h, heapq.heappop(h), heapq.heappushpop(h, 3), heapq.heapreplace(h, 9), heapq.nlargest(2, h), heapq.nsmallest(2, ["bb", "a", "ccc"], key=len), list(heapq.merge([1, 4], [2, 3], reverse=False)))
a = [1, 3, 3, 5]; print(bisect.bisect(a, 3), bisect.bisect_left(a, 3), bisect.insort(a, 4), a, bisect.bisect_left([{"k": 1}, {"k": 5}], 3, key=lambda d: d["k"]))
ts = graphlib.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}}); order = list(ts.static_order()); print(order[0], order[-1])
try: graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
except graphlib.CycleError as e: print(e.args[0], len(e.args[1]))
class N: 
    def __init__(s, v): s.v, s.next = v, None
    def __deepcopy__(s, memo): return N(copy.deepcopy(s.v, memo))
    def __del__(s): log.append(f"del {s.v}")
log = []; n = N([1]); r = weakref.ref(n, lambda _: log.append("cb")); d = copy.deepcopy(n); d.v.append(2); print(n.v, d.v, r() is n); del n; print(r(), log)
w = weakref.WeakValueDictionary(); w["a"] = d; print(len(w)); del d; print(len(w), log)
x, y = N(8), N(9); x.next, y.next = y, x; del x, y; gc.collect(); print(sorted(log))
wk = weakref.WeakKeyDictionary(); 
class K: pass
k = K(); wk[k] = 1; print(len(wk)); fin = weakref.finalize(k, log.append, "final"); del k; print(len(wk), log[-1], fin.alive)
l = [1, [2, 3]]; s = copy.copy(l); dp = copy.deepcopy(l); l[1].append(4); print(s, dp)
rec = [1]; rec.append(rec); print(rec, copy.deepcopy(rec)[1][0])
ns = types.SimpleNamespace(a=1, b=[2]); ns.c = 3; print(ns, ns == types.SimpleNamespace(a=1, b=[2], c=3), copy.replace(ns, a=9))
mp = types.MappingProxyType({"a": 1})
try: mp["b"] = 2
except TypeError as e: print(e)
