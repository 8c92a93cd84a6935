import codecs

for act in (lambda: "\ud800".encode(), lambda: open("\ud800", "w")):
    try:
        act()
    except UnicodeEncodeError as error:
        print(error.reason)
print("\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), ascii("\ud800"))
len("\ud800")
