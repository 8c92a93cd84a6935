import io
import xml.etree.ElementTree as ET
from xml.etree import ElementInclude

PARTS = {"head.xml": "<head><title>Report</title></head>", "note.txt": "5 < 6 & more"}


def loader(href, parse, encoding=None):
    return ET.fromstring(PARTS[href]) if parse == "xml" else PARTS[href]


page = ET.fromstring("""<page xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="head.xml"/>
<p>Note: <xi:include href="note.txt" parse="text"/></p></page>""")
ElementInclude.include(page, loader=loader)
print(ET.tostring(page, encoding="unicode"))
FEED = """<feed xmlns="urn:a" xmlns:m="urn:m"><entry m:rank="2"><title>Two</title></entry><entry m:rank="1"><title>One</title></entry><empty/></feed>"""
spaces = {"a": "urn:a", "m": "urn:m"}
feed = ET.fromstring(FEED)
ranked = sorted(feed.findall("a:entry", spaces), key=lambda entry: int(entry.get("{urn:m}rank")))
events = [(event, thing.tag.rpartition("}")[2]) for event, thing in ET.iterparse(io.StringIO(FEED), events=("start", "end"))][:4]
ET.register_namespace("", "urn:a")
errors = []
for text in ("<a><b></a>", "<a>&nope;</a>", "", "<a/><b/>"):
    try:
        ET.fromstring(text)
    except ET.ParseError as error:
        errors.append(f"{str(error).split(':')[0]} at {error.position}")
print(*errors, sep="\n")
[[entry.findtext("a:title", namespaces=spaces) for entry in ranked], events, ET.tostring(feed.find("{urn:a}empty"), encoding="unicode"), ET.canonicalize("<a  z='1' b='2'></a>")]
