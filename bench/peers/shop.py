"""The shop of the refund workflow, and its five tools, as plain functions of this process: no peer of ours has a sandbox."""

import sqlite3
import threading

WINDOW_DAYS = 30
APPROVAL_ABOVE_CENTS = 10_000

BOOKED, REFUSED, PAUSED = "user_789", "user_456", "user_123"
CUSTOMERS = [(PAUSED, "Premium Subscription", 14_900, 12), (REFUSED, "Basic License", 4_900, 45), (BOOKED, "Starter License", 7_900, 5)]

TABLES = """
    CREATE TABLE IF NOT EXISTS purchases (
        user_id TEXT PRIMARY KEY, item TEXT NOT NULL, price_cents INTEGER NOT NULL, days_ago INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds (
        id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, amount_cents INTEGER NOT NULL);
"""


def customer(number):
    """The customer of the run that has this number: of ten, one is refused and two wait for a person."""
    return {0: REFUSED, 4: PAUSED, 8: PAUSED}.get(number % 10, BOOKED)


class Shop:
    """Bookings survive a power loss, as those of Stockade's tool do: WAL, and SQLite's default of synchronous=FULL."""

    def __init__(self, path):
        self.path, self.local, self.writing = path, threading.local(), threading.Lock()
        shop = self.connection()
        shop.executescript(TABLES)
        shop.executemany("INSERT OR IGNORE INTO purchases VALUES (?, ?, ?, ?)", CUSTOMERS)
        shop.commit()

    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = sqlite3.connect(self.path, timeout=30)
            self.local.connection.execute("PRAGMA journal_mode=WAL")
        return self.local.connection

    def find(self, user_id):
        select = "SELECT item, price_cents, days_ago FROM purchases WHERE user_id = ?"
        row = self.connection().execute(select, (user_id,)).fetchone()
        return row and dict(zip(("item", "price_cents", "days_ago"), row))

    def within_window(self, days_ago):
        return days_ago <= WINDOW_DAYS

    def needs_approval(self, price_cents):
        return price_cents > APPROVAL_ABOVE_CENTS

    def refund(self, key, user_id, amount_cents):
        """Books once for a key."""
        # Where many threads want to write, SQLite waits for its lock by sleeping: this lock is quicker, and fair to the peer.
        with self.writing:
            shop = self.connection()
            insert = "INSERT OR IGNORE INTO refunds (idempotency_key, user_id, amount_cents) VALUES (?, ?, ?)"
            shop.execute(insert, (key, user_id, amount_cents))
            shop.commit()
            return shop.execute("SELECT id FROM refunds WHERE idempotency_key = ?", (key,)).fetchone()[0]

    def letter(self, outcome, amount_cents=0):
        if outcome == "processed":
            return f"Dear customer,\n\nYour refund of ${amount_cents / 100:.2f} is on its way.\n\nCustomer Care"
        if outcome == "declined":
            return "Dear customer,\n\nWe cannot refund this purchase.\n\nCustomer Care"
        return f"Dear customer,\n\nYour purchase is older than {WINDOW_DAYS} days.\n\nCustomer Care"
