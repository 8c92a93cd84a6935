import math

TICKS = "▁▂▃▄▅▆▇█"


def spark(values):
    low, high = min(values), max(values)
    scale = (high - low) or 1
    return "".join(TICKS[min(int((value - low) / scale * len(TICKS)), len(TICKS) - 1)] for value in values)


def bar(share, width=20):
    whole, part = divmod(share * width, 1)
    return ("█" * int(whole) + (" ▏▎▍▌▋▊▉"[int(part * 8)] if part else "")).ljust(width, "·")


sine = [math.sin(n / 3) for n in range(20)]
print(spark(sine))
print(spark([5, 5, 5]), spark([1, 2]))
for name, share in {"cpu": 0.73, "disk": 0.056, "net": 1.0}.items():
    print(f"{name:<5}{bar(share)} {share:6.1%}")
[len(spark(sine)), bar(0.5, 4), max(TICKS), ord("▁")]
