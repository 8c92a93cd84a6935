import xml.etree.ElementTree as ET
root = ET.fromstring('<shop><item id="1"><name>Pen</name><price>1.5</price></item><item id="2"><name>R&amp;D</name></item></shop>')
rows = [[item.get("id"), item.findtext("name"), item.findtext("price", "none")] for item in root.iter("item")]
item = ET.SubElement(root, "item", id="3")
ET.SubElement(item, "name").text = "<new>"
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    place = error.position
[rows, len(root), ET.tostring(item, encoding="unicode"), list(place)]
