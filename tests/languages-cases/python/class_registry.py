class Registry(type):
    kinds = {}

    def __new__(meta, name, bases, space, *, kind=None):
        cls = super().__new__(meta, name, bases, space)
        if kind:
            if kind in meta.kinds:
                raise TypeError(f"there is a {kind} already: {meta.kinds[kind].__name__}")
            meta.kinds[kind] = cls
        return cls

    def __len__(cls):
        return len(cls.kinds)


class Bounded:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def __set_name__(self, owner, name):
        self.name = f"_{name}"

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name, self.low)

    def __set__(self, instance, value):
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name[1:]} must be {self.low} to {self.high}")
        setattr(instance, self.name, value)


class Event(metaclass=Registry):
    weight = Bounded(0, 10)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__()
        cls.handlers = []

    @classmethod
    def parse(cls, kind, **fields):
        event = cls.kinds[kind]()
        for name, value in fields.items():
            setattr(event, name, value)
        return event

    def __getattr__(self, name):
        if name.startswith("is_"):
            return Registry.kinds.get(name[3:]) is type(self)
        raise AttributeError(name)

    def __repr__(self):
        return f"{type(self).__qualname__}({', '.join(f'{k}={v!r}' for k, v in sorted(vars(self).items()))})"


class Click(Event, kind="click"):
    pass


class Key(Event, kind="key"):
    def __eq__(self, other):
        return isinstance(other, Key) and vars(self) == vars(other)

    __hash__ = None


click, key = Event.parse("click", x=1, weight=5), Event.parse("key", code="a")
print(click, key, click.is_click, click.is_key, key.weight, len(Event), Click.__mro__[1].__name__)
print(key == Event.parse("key", code="a"), Click.handlers is Key.handlers, isinstance(Event.__dict__["weight"], Bounded), type(Event) is Registry)
errors = []
for action in (lambda: setattr(click, "weight", 11), lambda: Event.parse("drag"), lambda: click.nope, lambda: hash(key), lambda: type("Again", (Event,), {}, kind="key") if False else Registry("Again", (Event,), {}, kind="key")):
    try:
        action()
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        errors.append(f"{type(error).__name__}: {error}")
errors
