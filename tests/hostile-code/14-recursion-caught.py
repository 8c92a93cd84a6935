def deeper():
    return deeper()

try:
    deeper()
except RecursionError as error:
    caught = 'RecursionError'
caught
