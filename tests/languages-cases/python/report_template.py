from string import Template
letter = Template("Dear $name,\nyou owe ${amount} EUR ($$).")
print(letter.substitute(name="Ada", amount="12.50"))
try:
    letter.substitute(name="Ada")
except KeyError as error:
    missing = error.args[0]
[missing, letter.safe_substitute(name="Bob")]
