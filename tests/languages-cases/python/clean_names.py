names = ["  ada LOVELACE ", "Grace   Hopper", "alan turing", "", "  ", "ADA Lovelace"]
cleaned = []
for name in names:
    name = " ".join(part.capitalize() for part in name.split())
    if name and name not in cleaned:
        cleaned.append(name)
cleaned
