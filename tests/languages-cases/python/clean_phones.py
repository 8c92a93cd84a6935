import re
phones = ["(555) 123-4567", "555.123.4567", "+1 555 123 4567", "5551234567", "123", "1-555-123-4567 ext 9"]

def normal(phone):
    phone = re.sub(r"(?:ext|x).*$", "", phone)
    digits = re.sub(r"\D", "", phone)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return f"+1-{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else None

[normal(phone) for phone in phones]
