from pprint import pprint
pprint({"users": [{"name": "Ada", "roles": ["admin", "dev", "reviewer", "owner", "operator"]}, {"name": "Bob", "roles": []}]}, width=60)
