import xml.etree.ElementTree as ET, xml.dom.minidom as md, xml.sax, xml.sax.handler, io, xml.sax.saxutils as su
doc = """<?xml version="1.0"?><!-- c --><cat xmlns:x="urn:x"><book id="b1" x:lang="en"><title>A &amp; B</title><price>10.5</price></book><book id="b2"><title>C</title><price>20</price><x:note>n</x:note>tail</book></cat>"""
r = ET.fromstring(doc)
print(r.tag, [b.get("id") for b in r.findall("book")], r.find("book[@id='b2']/title").text, [e.text for e in r.iter("title")], r.findtext("book/price"), r.find("nope"), r.find("{urn:x}note"), r.find(".//x:note", {"x": "urn:x"}).tail, r[0].attrib, sum(float(p.text) for p in r.iterfind(".//price")), [b.get("id") for b in r.findall("./book[price='20']")], len(r))
n = ET.SubElement(r, "book", id="b3"); ET.SubElement(n, "title").text = "<new> \"q\" é"; r.remove(r[0]); ET.indent(r); print(ET.tostring(r, encoding="unicode")); print(ET.tostring(n), ET.tostring(n, "utf-8", xml_declaration=True, short_empty_elements=False))
for bad in ("<a><b></a>", "<a", "", "<a>&nope;</a>", "<a b=c/>", "<a/><b/>"):
    try: ET.fromstring(bad)
    except ET.ParseError as e: print(e, e.code, e.position)
for ev, el in ET.iterparse(io.BytesIO(b"<r><i>1</i><i>2</i></r>"), events=("start", "end")): print(ev, el.tag, end="; ")
print(); d = md.parseString("<r a='1'><c>t</c><!--x--></r>"); print(d.documentElement.toprettyxml(indent="  "), d.getElementsByTagName("c")[0].firstChild.data, d.documentElement.getAttribute("a"))
class H(xml.sax.handler.ContentHandler):
    def __init__(s): s.out = []
    def startElement(s, n, a): s.out.append((n, dict(a)))
    def characters(s, c): s.out.append(c)
h = H(); xml.sax.parseString(b"<r><a k='v'>x</a></r>", h); print(h.out)
try: xml.sax.parseString(b"<r>", h)
except xml.sax.SAXParseException as e: print(e.getMessage(), e.getLineNumber())
t = ET.ElementTree(r); t.write("/tmp/o.xml", encoding="utf-8", xml_declaration=True); print(open("/tmp/o.xml").readline()); print(ET.canonicalize("<a  b='2' a='1'/>"), su.escape("<&>"), su.quoteattr('a"b'))
ET.register_namespace("x", "urn:x"); print(ET.tostring(ET.Element("{urn:x}e")))
