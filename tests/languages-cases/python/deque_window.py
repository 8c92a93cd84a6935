from collections import deque
window = deque(maxlen=3)
sums = []
for n in range(6):
    window.append(n)
    sums.append(sum(window))
result = sums
