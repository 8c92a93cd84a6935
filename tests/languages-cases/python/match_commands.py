import shlex


class Turtle:
    __match_args__ = ("x", "y")

    def __init__(self):
        self.x = self.y = 0
        self.pen, self.trail, self.marks = True, [(0, 0)], {}

    def do(self, line):
        match shlex.split(line, comments=True):
            case []:
                return
            case ["go", ("north" | "south" | "east" | "west") as way, *steps]:
                n = int(steps[0]) if steps else 1
                dx, dy = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}[way]
                self.x, self.y = self.x + dx * n, self.y + dy * n
                if self.pen:
                    self.trail.append((self.x, self.y))
            case ["pen", "up" | "down" as state]:
                self.pen = state == "down"
            case ["mark", name]:
                self.marks[name] = (self.x, self.y)
            case ["goto", name] if name in self.marks:
                self.x, self.y = self.marks[name]
            case ["goto", name]:
                raise LookupError(f"no mark {name!r}")
            case ["repeat", times, *commands]:
                for _ in range(int(times)):
                    for command in " ".join(commands).split(";"):
                        self.do(command)
            case [command, *rest]:
                raise SyntaxError(f"cannot {command} with {len(rest)} arguments")


turtle, problems = Turtle(), []
for number, line in enumerate(["go east 3  # first", "", "mark 'far away'", "repeat 2 go north 2;go west", "pen up", "go north 100", "goto 'far away'", "goto home", "jump", "go up", "go east many", "say 'unclosed"], 1):
    try:
        turtle.do(line)
    except (LookupError, SyntaxError, ValueError) as error:
        problems.append(f"{number}: {type(error).__name__}: {error.args[0]}")
match turtle:
    case Turtle(0, _):
        where = "on the axis"
    case Turtle(x, y) if x > 0:
        where = f"at {x}, {y}"
print(where, turtle.trail)
problems
