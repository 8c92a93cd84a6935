result = [isinstance(True, int), type(3.0).__name__, callable(len), issubclass(bool, int), hasattr("", "upper"), [type(v).__name__ for v in (None, (), b"", {1})]]
