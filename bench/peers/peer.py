"""What all peers in Python share: the orders that `bench/drive.py` gives on standard input, and the answers to it."""

import json
import os
import resource
import sqlite3
import sys
from pathlib import Path


def serve(settings, survives, mix, pids=()):
    """Says what a run survives and by which settings, and then makes runs: `mix RUNS IN_FLIGHT` is answered by the
    microseconds of the processor that it took, here and in the processes of these numbers."""
    print(json.dumps({"settings": settings, "survives": survives}), flush=True)
    for line in sys.stdin:
        _, runs, in_flight = line.split()
        before = cpu_us(pids)
        mix(int(runs), int(in_flight))
        print(cpu_us(pids) - before, flush=True)


def cpu_us(pids):
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1e6) + sum(map(cpu_us_of, pids))


def cpu_us_of(pid):
    """Linux counts the time of another process in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf("SC_CLK_TCK")


def sqlite_settings(pragma):
    """What SQLite says of a connection of the peer's own, and what that survives."""
    journal_mode, synchronous = pragma("journal_mode"), pragma("synchronous")
    # In WAL mode NORMAL syncs at checkpoints alone; without a WAL it syncs each commit.
    is_synced = synchronous >= 2 or (synchronous == 1 and journal_mode != "wal")
    name = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[synchronous]
    return f"SQLite {sqlite3.sqlite_version}, {journal_mode}, synchronous={name}", "power loss" if is_synced else "a killed process"
