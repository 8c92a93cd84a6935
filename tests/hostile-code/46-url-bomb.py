import urllib.parse
urllib.parse.parse_qs('&'.join(f'a{n}=b' for n in range(1 << 20)))
