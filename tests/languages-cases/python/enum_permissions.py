from enum import CONTINUOUS, Enum, Flag, IntEnum, UNIQUE, auto, member, nonmember, unique, verify


class Permission(Flag):
    READ = auto()
    WRITE = auto()
    EXECUTE = auto()
    ALL = READ | WRITE | EXECUTE


class Level(IntEnum):
    LOW = 1
    MID = 2
    HIGH = 3

    @property
    def color(self):
        return {1: "green", 2: "amber"}.get(self, "red")

    @classmethod
    def _missing_(cls, value):
        return cls[value.upper()] if isinstance(value, str) and value.upper() in cls.__members__ else None


class Planet(Enum):
    EARTH = (5.976e24, 6.37814e6)
    MARS = (6.421e23, 3.3972e6)
    G = nonmember(6.67430e-11)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius

    @property
    def gravity(self):
        return self.G * self.mass / self.radius**2


mode = Permission.READ | Permission.EXECUTE
print(mode, mode in Permission.ALL, ~mode, Permission.WRITE in mode, [one.name for one in mode], Permission(7), Permission(0), len(Permission.ALL))
print(Level("high").color, Level.MID > Level.LOW, Level.HIGH + 1, sorted([Level.HIGH, Level.LOW])[0].name, f"{Level.MID}", max(Level))
print([f"{planet.name} {planet.gravity:.2f}" for planet in Planet], Planet.MARS.value[1])
errors = []
for action in (lambda: Level(9), lambda: Level["NOPE"], lambda: Permission(8), lambda: setattr(Planet, "EARTH", 1), lambda: unique(Enum("Twice", {"A": 1, "B": 1})),
               lambda: verify(CONTINUOUS)(Enum("Gap", {"A": 1, "B": 3}))):
    try:
        action()
    except (ValueError, KeyError, AttributeError) as error:
        errors.append(f"{type(error).__name__}: {error}")
print(*errors, sep="\n")
[list(Enum("Shape", "ROUND SQUARE").__members__), Level.LOW is Level(1), str(Permission.ALL.value), {Level.LOW: "x"}[1]]
