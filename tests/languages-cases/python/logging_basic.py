import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logging.info("started")
logging.getLogger("x").warning("careful: %d", 7)
result = "logged"
