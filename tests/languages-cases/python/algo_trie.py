trie = {}
for word in ["car", "card", "care", "cat", "dog"]:
    node = trie
    for letter in word:
        node = node.setdefault(letter, {})
    node["$"] = True

def words(prefix):
    node = trie
    for letter in prefix:
        if letter not in node:
            return []
        node = node[letter]
    found, stack = [], [(prefix, node)]
    while stack:
        text, at = stack.pop()
        for letter, below in at.items():
            if letter == "$":
                found.append(text)
            else:
                stack.append((text + letter, below))
    return sorted(found)

[words("car"), words("d"), words("x")]
