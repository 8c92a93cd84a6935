result = input is None
