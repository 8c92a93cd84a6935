row = {"name": "Ada"}
row["age"]
