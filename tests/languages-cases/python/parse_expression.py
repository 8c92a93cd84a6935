def evaluate(text):
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()

    def expression(least=0):
        token = tokens.pop(0)
        if token == "(":
            value = expression()
            tokens.pop(0)
        elif token == "-":
            value = -expression(3)
        else:
            value = float(token)
        ranks = {"+": 1, "-": 1, "*": 2, "/": 2}
        while tokens and ranks.get(tokens[0], 0) > least:
            operator = tokens.pop(0)
            right = expression(ranks[operator])
            value = {"+": value + right, "-": value - right, "*": value * right}[operator] if operator != "/" else value / right
        return value

    return expression()

[evaluate("1 + 2 * 3"), evaluate("( 1 + 2 ) * 3 - 4 / 2"), evaluate("- 2 * ( 3 + 1 )"), evaluate("8 / 4 / 2")]
