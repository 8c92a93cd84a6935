import re
text = "Žluťoučký kůň, 東京 2026 ½"
[re.findall(r"\w+", text), re.findall(r"\w+", text, re.ASCII), re.findall(r"[^\W\d_]+", text), re.sub(r"\d", "#", "٣4")]
