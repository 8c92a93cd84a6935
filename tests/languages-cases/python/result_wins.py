result = {"answer": 42}
print(result["answer"])
"another value"
