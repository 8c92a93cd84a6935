try:
    purchases.find(user_id=5)
except ToolError as error:
    told = [error.kind, len(error.message) > 10]
told
