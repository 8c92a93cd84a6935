PAIRS = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]

def roman(number):
    text = ""
    for value, sign in PAIRS:
        count, number = divmod(number, value)
        text += sign * count
    return text

def back(text):
    values = dict((sign, value) for value, sign in PAIRS)
    total = 0
    for index, sign in enumerate(text):
        value = values[sign]
        total += -value if index + 1 < len(text) and values[text[index + 1]] > value else value
    return total

[roman(2026), back("MCMXCIV"), all(back(roman(n)) == n for n in range(1, 300))]
