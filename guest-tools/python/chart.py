"""Charts as SVG: `chart.bar(labels, values)`, `line(xs, ys)`, `scatter(xs, ys)` and `pie(labels, values)` return a text.

`values` and `ys` are a list, or a dict of lists by the name of each series. `xs` are numbers, or texts at equal distances. All
take `title`, `width` and `height` by name, and all but `pie` `x_label` and `y_label`. None, NaN and the infinities are left out,
and the chart says how many. The module `chart` of JavaScript writes the same bytes for the same data.
"""

import datetime
import itertools
import math

COLORS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0")
POINTS_MAX, SERIES_MAX, SLICES_MAX = 10_000, 20, 60
TOO_MANY = f"a chart has more than {POINTS_MAX} points, which are the most that it draws; take fewer, or means"
LABEL_CHARS_MAX, TITLE_CHARS_MAX = 24, 120
SIZE_MIN, SIZE_MAX = 160, 4_000
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 56
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def bar(labels, values, *, title="", x_label="", y_label="", width=640, height=400):
    """Draws a bar for each label and series."""
    labels, series = [text(one) for one in taken(labels)], by_name(values)
    check(labels, series, "labels")
    chart = Chart(title, x_label, y_label, width, height, series)
    low, high = chart.values(0)
    chart.grid(low, high)
    chart.names(labels)
    step = chart.inner_width / max(len(labels), 1)
    thick = step * 0.8 / len(series)
    for place, (name, ys) in enumerate(series):
        for index, y in enumerate(ys):
            if is_number(y):
                x, top, bottom = LEFT + step * (index + 0.1) + thick * place, chart.y(max(y, 0)), chart.y(min(y, 0))
                chart.add(f'<rect x="{n(x)}" y="{n(top)}" width="{n(thick)}" height="{n(bottom - top)}" fill="{color(place)}">'
                          f"<title>{escaped(label_of(name, labels[index], y))}</title></rect>")
    return chart.end()


def line(xs, ys, *, title="", x_label="", y_label="", width=640, height=400):
    """Draws a line for each series; where a value is missing, the line has a gap."""
    chart, points = prepared(xs, ys, title, x_label, y_label, width, height)
    for place, found in enumerate(points):
        path, pen = [], "M"
        for point in found:
            if point is None:
                pen = "M"
            else:
                path.append(f"{pen}{n(point[0])} {n(point[1])}")
                pen = "L"
        chart.add(f'<path d="{"".join(path)}" fill="none" stroke="{color(place)}" stroke-width="2"/>')
    return chart.end()


def scatter(xs, ys, *, title="", x_label="", y_label="", width=640, height=400):
    """Draws a point for each pair."""
    chart, points = prepared(xs, ys, title, x_label, y_label, width, height)
    for place, found in enumerate(points):
        for point in found:
            if point is not None:
                chart.add(f'<circle cx="{n(point[0])}" cy="{n(point[1])}" r="3" fill="{color(place)}" fill-opacity="0.7"/>')
    return chart.end()


def pie(labels, values, *, title="", width=640, height=400):
    """Draws a slice for each label; no value may be negative."""
    labels, values = [text(one) for one in taken(labels)], floats(values)
    check(labels, [("", values)], "labels")
    if len(values) > SLICES_MAX:
        raise ValueError(f"a pie has {len(values)} slices, and {SLICES_MAX} are the most that it draws; add up the small ones")
    if any(is_number(one) and one < 0 for one in values):
        raise ValueError("a pie has a negative value; draw it as a bar chart")
    chart = Chart(title, "", "", width, height, [("", values)])
    slices = [(label, one) for label, one in zip(labels, values) if is_number(one) and one > 0]
    total = sum_of(one for _, one in slices)
    radius = max(min(height - TOP - 24, width * 0.5) / 2, 10)
    x, y, done = 16 + radius, TOP + radius, 0
    for place, (label, one) in enumerate(slices):
        share = f"{label}: {number(one)} ({n(math.floor(one / total * 1000 + 0.5) / 10)} %)"
        told = f"<title>{escaped(shortened(share, TITLE_CHARS_MAX))}</title>"
        if len(slices) == 1:
            chart.add(f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(radius)}" fill="{color(place)}">{told}</circle>')
        else:
            begin, done = done / total * 2 * math.pi, done + one
            end, far = done / total * 2 * math.pi, 1 if one / total > 0.5 else 0
            path = (f"M{n(x)} {n(y)}L{n(x + radius * math.sin(begin))} {n(y - radius * math.cos(begin))}"
                    f"A{n(radius)} {n(radius)} 0 {far} 1 {n(x + radius * math.sin(end))} {n(y - radius * math.cos(end))}Z")
            chart.add(f'<path d="{path}" fill="{color(place)}" stroke="#fff">{told}</path>')
        chart.legend(place, share, 32 + 2 * radius)
    return chart.end()


class Chart:
    """The picture as it grows: its frame, the scale of its values, and what is drawn."""

    def __init__(self, title, x_label, y_label, width, height, series):
        for name, size in (("width", width), ("height", height)):
            if not is_number(size) or not SIZE_MIN <= size <= SIZE_MAX:
                raise ValueError(f"{name} is {text(size)}, and a chart is between {SIZE_MIN} and {SIZE_MAX} pixels wide and high")
        self.width, self.height, self.series = width, height, series
        self.inner_width, self.inner_height = width - LEFT - RIGHT, height - TOP - BOTTOM
        self.left_out = sum(not is_number(y) for _, ys in series for y in ys)
        size = f'width="{n(width)}" height="{n(height)}"'
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(width)} {n(height)}" {size} '
                      'font-family="sans-serif" font-size="12" fill="#222" role="img">', f'<rect {size} fill="#fff"/>']
        if title:
            self.write(width / 2, 22, shortened(title, TITLE_CHARS_MAX), "middle", ' font-size="16"')
        if x_label:
            self.write(LEFT + self.inner_width / 2, height - 8, shortened(x_label, TITLE_CHARS_MAX), "middle")
        if y_label:
            turned = f' transform="rotate(-90 14 {n(TOP + self.inner_height / 2)})"'
            self.write(14, TOP + self.inner_height / 2, shortened(y_label, TITLE_CHARS_MAX), "middle", turned)

    def add(self, part):
        self.parts.append(part)

    def write(self, x, y, words, anchor, more=""):
        self.add(f'<text x="{n(x)}" y="{n(y)}" text-anchor="{anchor}"{more}>{escaped(words)}</text>')

    def values(self, *also):
        """The least and the greatest value of all series."""
        return bounds([y for _, ys in self.series for y in ys if is_number(y)] + list(also))

    def grid(self, low, high):
        """Draws lines for round values, and takes their scale."""
        ticks = ticks_of(low, high)
        self.low, self.high = min(low, ticks[0][0]), max(high, ticks[-1][0])
        for value, label in ticks:
            y = self.y(value)
            self.add(f'<line x1="{LEFT}" y1="{n(y)}" x2="{n(self.width - RIGHT)}" y2="{n(y)}" stroke="#ddd"/>')
            self.write(LEFT - 6, y + 4, label, "end")
        if len(self.series) > 1:
            for place, (name, _) in enumerate(self.series):
                self.legend(place, name, self.width - RIGHT - 120)

    def y(self, value):
        return TOP + self.inner_height * (1 - part(value, self.low, self.high))

    def names(self, labels):
        """Writes the texts of the axis below, as many as there is room for."""
        step = self.inner_width / max(len(labels), 1)
        every = max(math.floor(64 / step) + 1, 1) if step < 64 else 1
        for index, label in enumerate(labels):
            if index % every == 0:
                self.write(LEFT + step * (index + 0.5), self.height - BOTTOM + 18, shortened(label, LABEL_CHARS_MAX), "middle")

    def legend(self, place, name, x):
        y = TOP + 8 + 18 * place
        self.add(f'<rect x="{n(x)}" y="{n(y)}" width="10" height="10" fill="{color(place)}"/>')
        self.write(x + 16, y + 9, shortened(name, 2 * LABEL_CHARS_MAX), "start")

    def end(self):
        if self.left_out:
            what = "1 value is" if self.left_out == 1 else f"{self.left_out} values are"
            self.write(self.width - RIGHT, self.height - 8, f"{what} left out: no number", "end", ' fill="#888"')
        return "\n".join([*self.parts, "</svg>"]) + "\n"


def prepared(xs, ys, title, x_label, y_label, width, height):
    """A chart with its axes, and the places of the points of each series, None where a value is missing."""
    xs, series = floats(xs), by_name(ys)
    check(xs, series, "xs")
    chart = Chart(title, x_label, y_label, width, height, series)
    chart.grid(*chart.values())
    if all(x is None or is_numeric(x) for x in xs):
        low, high = bounds([x for x in xs if is_number(x)])
        chart.left_out += sum(not is_number(x) for x in xs)
        for value, label in ticks_of(low, high):
            if low <= value <= high:
                chart.write(LEFT + chart.inner_width * part(value, low, high), height - BOTTOM + 18, label, "middle")
        places = [LEFT + chart.inner_width * part(x, low, high) if is_number(x) else None for x in xs]
    else:
        chart.names([text(x) for x in xs])
        places = [LEFT + chart.inner_width / len(xs) * (index + 0.5) for index in range(len(xs))]

    def place(x, y):
        return None if x is None or not is_number(y) else (x, chart.y(y))

    return chart, [[place(x, y) for x, y in zip(places, ys)] for _, ys in series]


def by_name(values):
    if isinstance(values, dict):
        return [(text(name), floats(one)) for name, one in values.items()]
    return [("", floats(values))]


def floats(values):
    """Values of which the numbers are floats, as they are in JavaScript: a `Decimal` and a `Fraction` too."""
    return [as_float(one) for one in taken(values)]


def taken(values):
    """A list of values, of which there are no more than are drawn."""
    values = list(itertools.islice(values, POINTS_MAX + 1))
    if len(values) > POINTS_MAX:
        raise ValueError(TOO_MANY)
    return values


def as_float(value):
    try:
        return float(value) if is_numeric(value) else value
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def check(labels, series, name):
    if not series or len(series) > SERIES_MAX:
        raise ValueError(f"a chart has {len(series)} series, and draws between 1 and {SERIES_MAX}")
    for own, ys in series:
        if len(ys) != len(labels):
            whose = f' of "{own}"' if own else ""
            raise ValueError(f"there are {len(labels)} {name} and {len(ys)} values{whose}; each needs one")
    if len(series) * len(labels) > POINTS_MAX:
        raise ValueError(TOO_MANY)


def bounds(values):
    return (min(values), max(values)) if values else (0, 1)


def part(value, low, high):
    return 0.5 if high == low else (value / 2 - low / 2) / (high / 2 - low / 2)


def ticks_of(low, high):
    """Some five round values between two, with their texts, which are made of whole numbers."""
    span = (high / 2 - low / 2) / 2.5 or abs(high) / 5 or 1
    unit, power = 1.0, 0
    while unit * 10 <= span and power < 300:
        unit, power = unit * 10, power + 1
    while unit > span and power > -300:
        unit, power = unit / 10, power - 1
    times = 1 if span < unit * 1.5 else 2 if span < unit * 3.5 else 5 if span < unit * 7.5 else 10
    step = times * unit
    first, last = math.floor(low / step), -math.floor(-high / step)
    return [(index * step, shifted(index * times, power)) for index in range(first, min(last, first + 20) + 1)]


def shifted(whole, power):
    """The text of `whole` times ten to the power."""
    if power > 15 or power < -6:
        return "0" if whole == 0 else f"{whole}e{power}"
    if power >= 0:
        return str(whole * 10**power)
    digits, sign = str(abs(whole)).rjust(1 - power, "0"), "-" if whole < 0 else ""
    return trimmed(f"{sign}{digits[:power]}.{digits[power:]}")


def is_numeric(value):
    return hasattr(value, "as_integer_ratio") and not isinstance(value, bool)


def is_number(value):
    return is_numeric(value) and abs(value) <= 1.7e308


def sum_of(values):
    total = 0
    for one in values:
        total += one
    return total


def n(value):
    """A number of pixels, with two decimals at most."""
    return rounded(value, 2)


def rounded(value, decimals):
    whole = math.floor(abs(value) * 10**decimals + 0.5)
    digits = str(whole).rjust(decimals + 1, "0")
    words = trimmed(f"{digits[:-decimals]}.{digits[-decimals:]}")
    return words if value >= 0 or words == "0" else f"-{words}"


def trimmed(words):
    return words.rstrip("0").rstrip(".")


def number(value):
    """The text of a number: its digits, with six decimals at most."""
    value = as_float(value)
    if abs(value) < 1e15:
        return rounded(value, 6)
    return "NaN" if value != value else f"{'-' if value < 0 else ''}{'∞' if abs(value) > 1.7e308 else '10^15 or more'}"


def text(value):
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return number(value) if is_numeric(value) else str(value)


def label_of(name, label, value):
    return shortened(f"{f'{name}, ' if name else ''}{label}: {number(value)}", TITLE_CHARS_MAX)


def color(place):
    return COLORS[place % len(COLORS)]


def shortened(words, chars):
    words = text(words)
    return words if len(words) <= chars else words[: chars - 1] + "…"


def escaped(words):
    """A text as XML takes it: what XML has no place for is U+FFFD."""
    return "".join(ESCAPES.get(one) or (one if is_in_xml(ord(one)) else "\ufffd") for one in words)


def is_in_xml(code):
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xDFFF < code < 0xFFFE or code > 0xFFFF
