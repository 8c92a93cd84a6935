from concurrent.futures import ThreadPoolExecutor, as_completed
users = ["user_123", "nobody"]
with ThreadPoolExecutor(max_workers=4) as pool:
    futures = {pool.submit(purchases.find, user_id=user): user for user in users}
    found = {futures[future]: future.result() is not None for future in as_completed(futures)}
found
