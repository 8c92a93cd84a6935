"""What all peers in Python share: the orders that `bench/drive.py` gives on standard input, and the answers to it."""

import json
import resource
import sqlite3
import sys


def serve(settings, survives, mix):
    """Says what a run survives and by which settings, and then makes runs: `mix RUNS IN_FLIGHT` is answered by the
    microseconds of the processor that it took."""
    print(json.dumps({"settings": settings, "survives": survives}), flush=True)
    for line in sys.stdin:
        _, runs, in_flight = line.split()
        before = cpu_us()
        mix(int(runs), int(in_flight))
        print(cpu_us() - before, flush=True)


def cpu_us():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1e6)


def sqlite_settings(pragma):
    """What SQLite says of a connection of the peer's own, and what that survives."""
    journal_mode, synchronous = pragma("journal_mode"), pragma("synchronous")
    # In WAL mode NORMAL syncs at checkpoints alone; without a WAL it syncs each commit.
    is_synced = synchronous >= 2 or (synchronous == 1 and journal_mode != "wal")
    name = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[synchronous]
    return f"SQLite {sqlite3.sqlite_version}, {journal_mode}, synchronous={name}", "power loss" if is_synced else "a killed process"
