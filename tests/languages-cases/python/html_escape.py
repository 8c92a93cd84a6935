import html
from xml.etree import ElementTree as ET
root = ET.fromstring("<items><item id='1'>A</item><item id='2'>B &amp; C</item></items>")
result = [html.escape("<b>&</b>"), html.unescape("&lt;p&gt;"), {i.get("id"): i.text for i in root.iter("item")}]
