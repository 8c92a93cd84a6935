users = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cyd"}]
orders = [{"user": 1, "total": 5}, {"user": 1, "total": 7}, {"user": 9, "total": 1}]
by_user = {}
for order in orders:
    by_user.setdefault(order["user"], []).append(order["total"])
known = {user["id"] for user in users}
left = [(user["name"], sum(by_user.get(user["id"], []))) for user in users]
orphans = [order for order in orders if order["user"] not in known]
[left, orphans]
