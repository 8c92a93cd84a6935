import copy
import pickle
from collections import OrderedDict
from datetime import date
box = {"name": "a", "items": [1, {"b": (2, 3)}], "at": date(2026, 1, 2), "order": OrderedDict(x=1)}
again = pickle.loads(pickle.dumps(box))
deep, shallow = copy.deepcopy(box), copy.copy(box)
deep["items"].append(4)
[again == box, again is box, again["items"][1]["b"], len(box["items"]), shallow["items"] is box["items"], len(pickle.dumps(box)) > 50]
