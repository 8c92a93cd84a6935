from html.parser import HTMLParser

PAGE = """<html><body><h1>Prices &amp; stock</h1>
<table class=x><tr><th>Item<th>Price</tr>
<tr><td>Tea <b>green</b></td><td>&euro;3.50</tr>
<tr><td><a href="/mug?a=1&amp;b=2">Mug</a></td><td>8&nbsp;EUR</td></tr></table>
<script>if (a < b) { document.write("<td>no</td>") }</script>
<p>End<br/>of &#x70;age &bogus;</p></body></html>"""


class Tables(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.cell, self.links, self.text, self.skip = [], None, [], [], False

    def close_cell(self):
        if self.cell is not None:
            self.rows[-1].append(" ".join("".join(self.cell).split()))
            self.cell = None

    def handle_starttag(self, tag, attrs):
        if tag in ("td", "th", "tr"):
            self.close_cell()
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = []
        elif tag == "a":
            self.links.append(dict(attrs)["href"])
        self.skip = tag == "script"

    def handle_endtag(self, tag):
        if tag in ("td", "th", "tr", "table"):
            self.close_cell()
        if tag == "script":
            self.skip = False

    def handle_data(self, data):
        if self.skip:
            return
        if self.cell is not None:
            self.cell.append(data)
        elif data.strip():
            self.text.append(data.strip())


parser = Tables()
parser.feed(PAGE)
parser.close()
header, *rows = parser.rows
print([dict(zip(header, row)) for row in rows])
[parser.links, parser.text]
