import xml.etree.ElementTree as ET

rows = [("A-1", "Bolt & nut", 3, "0.10"), ("B-2", 'Sheet "2x4" <steel>', 1, "12.50"), ("C-3", "Ölfilter", 2, "7.25")]
order = ET.Element("order", {"xmlns:x": "urn:extra", "number": "42"})
for sku, name, count, price in rows:
    line = ET.SubElement(order, "line", sku=sku)
    ET.SubElement(line, "name").text = name
    amount = ET.SubElement(line, "amount", unit="pcs")
    amount.text, amount.tail = str(count), "\n"
    ET.SubElement(line, "price", currency="EUR").text = price
order.append(ET.Comment(" end "))
ET.indent(order, "  ")
text = ET.tostring(order, encoding="unicode", short_empty_elements=True)
print(text)
again = ET.fromstring(text)
total = sum(int(line.findtext("amount")) * float(line.findtext("price")) for line in again.iter("line"))
cheap = [line.get("sku") for line in again.findall("line") if float(line.findtext("price")) < 10]
second = again.find("./line[@sku='B-2']/name").text
[round(total, 2), cheap, second, ET.tostring(again.find("line/name"), encoding="us-ascii").decode()]
