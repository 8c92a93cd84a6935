from html.parser import HTMLParser

class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.texts, self.inside = [], [], False

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))
            self.inside = True

    def handle_endtag(self, tag):
        if tag == "a":
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.texts.append(data.strip())

parser = Links()
parser.feed('<p>See <a href="/a?x=1&amp;y=2">one &lt;</a> and <A HREF=b>two</A><br/>.</p>')
[parser.links, parser.texts]
