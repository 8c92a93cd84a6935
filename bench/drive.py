"""Starts Stockade and its peers, has them play the same work in interleaved rounds, and prints the table. `bench/run` calls it.

Each contestant is a process that says on standard output when it is ready, is told `mix RUNS IN_FLIGHT`, and answers with the
microseconds of the processor that it took. The time is taken here, of all in the same way."""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "target" / "peers"
SERVER = os.environ.get("STOCKADE_TEST_POSTGRES", "")
IN_FLIGHT = (1, 16, 64)
# No cell makes more runs than this, however fast a contestant is.
RUNS_MAX = 4_000

STOCKADE_SQLITE = {"settings": "SQLite, wal, synchronous=FULL", "survives": "power loss"}


def psql(url, statement):
    answer = subprocess.run(["psql", url, "-XAtqc", statement], check=True, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()


def database(name):
    """Makes a database of a contestant's own, and returns its name and URL."""
    name = f"bench_{name.replace('-', '_')}_{os.getpid()}"
    psql(SERVER, f"CREATE DATABASE {name}")
    return name, f"{SERVER.rpartition('/')[0]}/{name}".replace("postgres://", "postgresql://", 1)


def restate_server():
    """The server that the peer `restate` starts as well."""
    found = list(PEERS.glob("node/node_modules/@restatedev/restate-server-*/bin/restate-server"))
    if len(found) != 1:
        sys.exit(f"{PEERS}/node has {len(found)} servers of Restate, and must have one; remove it: bench/run installs it anew")
    return found[0]


class Contestant:
    """A process that plays, and where it keeps its runs."""

    def __init__(self, name, place):
        self.name, self.folder = name, place / name
        self.folder.mkdir()
        self.url, self.process = None, None
        self.samples = {in_flight: [] for in_flight in IN_FLIGHT}

    def begin(self, programs):
        command, own = self.command(programs)
        env = os.environ | {"RESTATE_LOGGING": "ERROR"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
                                        cwd=PEERS / "node" if self.name == "restate" else ROOT, start_new_session=True)
        self.facts = self.ready() or own
        # The first runs are slower, and tell how many a cell takes.
        self.play(20, 4)
        began = time.monotonic()
        self.play(40, 4)
        self.rate = 40 / (time.monotonic() - began)
        self.made, self.begun_bytes = 0, self.bytes()

    def command(self, programs):
        python, peers = PEERS / "python" / "bin" / "python", ROOT / "bench" / "peers"
        if self.name == "stockade":
            return [programs.stockade, "be-a-host", "file", self.folder], STOCKADE_SQLITE
        if self.name == "stockade-postgres":
            name, self.url = database(self.name)
            return [programs.stockade, "be-a-host", name, self.folder], self.server_facts()
        if self.name == "stockade-restate":
            return [sys.executable, peers / "stockade_restate.py", self.folder, restate_server(), programs.stockade_restate], None
        if self.name.startswith("langgraph"):
            durability = "async" if self.name == "langgraph-async" else "sync"
            return [python, peers / "langgraph_refund.py", self.folder, durability], None
        if self.name == "dbos":
            return [python, peers / "dbos_refund.py", self.folder], None
        if self.name == "dbos-postgres":
            _, self.url = database(self.name)
            return [python, peers / "dbos_refund.py", self.folder, self.url], None
        return ["node", "--import", "tsx", PEERS / "node" / "restate_refund.ts", self.folder], None

    def server_facts(self):
        fsync, commit = psql(SERVER, "SHOW fsync"), psql(SERVER, "SHOW synchronous_commit")
        is_synced = fsync == "on" and commit != "off"
        settings = f"PostgreSQL {psql(SERVER, 'SHOW server_version')}, fsync={fsync}, synchronous_commit={commit}"
        return {"settings": settings, "survives": "power loss" if is_synced else "a killed process"}

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with code {self.process.wait()}; it says why above")
        return line.strip()

    def ready(self):
        """What it says of itself; Stockade says nothing but that it is ready."""
        while True:
            line = self.answer()
            if line == "0":
                return None
            if line.startswith("{"):
                return json.loads(line)

    def play(self, runs, in_flight):
        """Has it make runs; returns how many it made in a second, and the microseconds of the processor of each."""
        began = time.monotonic()
        print(f"mix {runs} {in_flight}", file=self.process.stdin, flush=True)
        cpu_us = int(self.answer())
        return runs / (time.monotonic() - began), cpu_us / runs

    def cell(self, in_flight, seconds):
        best = max([self.rate] + [rate for rate, _ in self.samples[in_flight]])
        # A multiple of ten, so that the mix is the same everywhere.
        runs = round(int(min(RUNS_MAX, max(best * seconds, 2 * in_flight, 20))), -1)
        self.samples[in_flight].append(self.play(runs, in_flight))
        self.made += runs

    def bytes(self):
        """What it keeps its runs in, and not the shop."""
        if self.url:
            return int(psql(self.url, "SELECT pg_database_size(current_database())"))
        journal = self.folder / "journal.db"
        if not journal.exists():
            return sum(path.stat().st_size for path in self.folder.glob("restate-data/**/*") if path.is_file())
        with sqlite3.connect(journal, timeout=10) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return journal.stat().st_size

    def median(self, in_flight, which):
        return median(sample[which] for sample in self.samples[in_flight])

    def ratio(self, base, in_flight):
        pairs = zip(self.samples[in_flight], base.samples[in_flight])
        return median(own[0] / other[0] for own, other in pairs)

    def end(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        if self.url:
            psql(SERVER, f"DROP DATABASE {self.url.rpartition('/')[2]} WITH (FORCE)")


def table(contestants):
    base = contestants[0]
    heads = [f"Stockade ÷ it, {in_flight}" for in_flight in IN_FLIGHT] + [f"a second, {in_flight}" for in_flight in IN_FLIGHT]
    print("\n| | " + " | ".join(heads) + " | CPU ms, 64 | bytes a run | survives | settings |")
    print("|---" * (len(heads) + 5) + "|")
    for it in contestants:
        ratios = [f"{base.ratio(it, in_flight):.1f}" for in_flight in IN_FLIGHT]
        rates = [f"{it.median(in_flight, 0):,.0f}" for in_flight in IN_FLIGHT]
        grown = it.bytes() - it.begun_bytes
        size = f"{grown / it.made:,.0f}" if grown > 0 else "not grown"
        cells = ratios + rates + [f"{it.median(64, 1) / 1000:.2f}", size, it.facts["survives"], it.facts["settings"]]
        print(f"| {it.name} | " + " | ".join(cells) + " |")
    print("\nThe journal of Restate is of files that are made in advance, and its CPU is that of its server, its service")
    print("and their client. That of stockade-restate is Python's, and asks how a run stands, for nothing tells it.")
    print("The CPU of those on PostgreSQL is without the server's.")
    for it in contestants:
        if it.name == "langgraph":
            best = base.ratio(it, 64)
            print(f"Stockade ÷ LangGraph, 64 in flight: {best:.1f}, goal >= 75: {'met' if best >= 75 else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stockade", required=True)
    parser.add_argument("--stockade-restate")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("peers", nargs="+")
    arguments = parser.parse_args()
    # On the disk of the build, and not in /tmp, which may be memory.
    place = Path(tempfile.mkdtemp(prefix="peers-bench.", dir=ROOT / "target"))
    contestants = []
    try:
        for name in ["stockade", *arguments.peers]:
            print(f"starting {name}", file=sys.stderr)
            contestants.append(Contestant(name, place))
            contestants[-1].begin(arguments)
        for number in range(1, arguments.rounds + 1):
            for in_flight in IN_FLIGHT:
                for it in contestants:
                    print(f"round {number} of {arguments.rounds}: {it.name}, {in_flight} in flight", file=sys.stderr)
                    it.cell(in_flight, arguments.seconds)
        table(contestants)
    finally:
        for it in contestants:
            it.end()
        shutil.rmtree(place)


main()
