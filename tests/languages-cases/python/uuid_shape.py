import uuid
u = uuid.uuid4()
result = [len(str(u)), u.version, str(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"))]
