import time

def retried(call, times=3, wait=1):
    for attempt in range(1, times + 1):
        try:
            return call(attempt)
        except ConnectionError as error:
            print(f"attempt {attempt}: {error}")
            if attempt == times:
                raise
            time.sleep(wait * 2 ** attempt)

def flaky(attempt):
    if attempt < 3:
        raise ConnectionError("try again")
    return purchases.find(user_id="user_123")["days_ago"]

retried(flaky)
