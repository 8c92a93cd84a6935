from xml.dom import minidom
document = minidom.parseString("<a><b n='1'>x</b><b n='2'/></a>")
nodes = document.getElementsByTagName("b")
nodes[1].appendChild(document.createTextNode("<y>"))
[[node.getAttribute("n") for node in nodes], nodes[0].firstChild.data, document.documentElement.toxml()]
