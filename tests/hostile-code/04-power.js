(9n ** (9n ** 8n)).toString().length
