x = 5
print("only printed", x)
