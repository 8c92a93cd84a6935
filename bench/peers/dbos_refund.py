"""The refund workflow on DBOS, in a SQLite file or in a PostgreSQL database. Usage: dbos_refund.py FOLDER [URL]"""

import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy
from dbos import DBOS

import peer
from shop import Shop, customer

folder = Path(sys.argv[1])
url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder / 'journal.db'}"
shop = Shop(folder / "shop.db")
# The runs that a person was asked about.
asked = queue.Queue()


@DBOS.step()
def find(user_id):
    return shop.find(user_id)


@DBOS.step()
def within_window(days_ago):
    return shop.within_window(days_ago)


@DBOS.step()
def needs_approval(price_cents):
    return shop.needs_approval(price_cents)


@DBOS.step()
def ask(run, amount_cents):
    asked.put(run)


@DBOS.step()
def refund(key, user_id, amount_cents):
    return shop.refund(key, user_id, amount_cents)


@DBOS.step()
def letter(outcome, amount_cents):
    return shop.letter(outcome, amount_cents)


@DBOS.workflow()
def refunds(user_id, request):
    run = DBOS.workflow_id
    purchase = find(user_id)
    price_cents = purchase["price_cents"]
    if not within_window(purchase["days_ago"]):
        return letter("too_old", 0)
    if needs_approval(price_cents):
        ask(run, price_cents)
        if not DBOS.recv("approval", timeout_seconds=3600):
            return letter("declined", 0)
    refund(f"{run}/refund", user_id, price_cents)
    return letter("processed", price_cents)


def approve():
    while True:
        DBOS.send(asked.get(), True, "approval")


def one(number):
    assert DBOS.start_workflow(refunds, customer(number), "not what I expected").get_result()


def mix(runs, in_flight):
    with ThreadPoolExecutor(in_flight) as pool:
        for _ in pool.map(one, range(runs)):
            pass


def settings(engine):
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            pragma = lambda name: connection.execute(sqlalchemy.text(f"PRAGMA {name}")).scalar()
            return peer.sqlite_settings(pragma)
        show = lambda name: connection.execute(sqlalchemy.text(f"SHOW {name}")).scalar()
        fsync, commit = show("fsync"), show("synchronous_commit")
        survives = "power loss" if fsync == "on" and commit != "off" else "a killed process"
        return f"PostgreSQL {show('server_version')}, fsync={fsync}, synchronous_commit={commit}", survives


# By default it looks for messages once a second, and so a run that waits for a person would measure that.
dbos = DBOS(config={"name": "refunds", "system_database_url": url, "log_level": "ERROR", "application_version": "1",
                    "notification_listener_polling_interval_sec": 0.01})
DBOS.launch()
threading.Thread(target=approve, daemon=True).start()
peer.serve(*settings(dbos._sys_db.engine), mix)
DBOS.destroy()
