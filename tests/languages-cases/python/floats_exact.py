literals = [0.1, 2.2250738585072014e-308, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 7.3e-17]
[input, [repr(number) for number in input], [repr(number) for number in literals]]
