"""Stockade's refund workflow, kept by Restate instead of a journal: a server of one node, `stockade-restate`, and their client.

Usage: stockade_restate.py FOLDER RESTATE-SERVER STOCKADE-RESTATE
"""

import atexit
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from peer import serve
from shop import customer

READY_S = 60
# How long a run may take: one that stands still ends the bench.
SETTLED_S = 120


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Client:
    """A connection of each thread, which is kept."""

    def __init__(self, port):
        self.port, self.local = port, threading.local()

    def call(self, method, path, body=None):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SETTLED_S)
            self.local.connection.connect()
            self.local.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent, headers = (None, {}) if body is None else (json.dumps(body), {"content-type": "application/json"})
        self.local.connection.request(method, path, sent, headers)
        answer = self.local.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text or b"null")

    def ready(self, path):
        until = time.monotonic() + READY_S
        while True:
            try:
                return self.call("GET", path)
            except (OSError, http.client.HTTPException, RuntimeError, ValueError) as broken:
                if hasattr(self.local, "connection"):
                    self.local.connection.close()
                    del self.local.connection
                if time.monotonic() > until:
                    raise TimeoutError(f"port {self.port} does not answer {path}: {broken}") from broken
            time.sleep(0.1)


class Restate:
    """The server, with the settings of the peer `restate`, and the program that it calls."""

    def __init__(self, folder, server, program):
        node, ingress, admin, service = (free_port() for _ in range(4))
        env = os.environ | {
            "RESTATE_DISABLE_TELEMETRY": "true",
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_BIND_IP": "127.0.0.1",
            "RESTATE_BIND_PORT": str(node),
            "RESTATE_INGRESS__BIND_PORT": str(ingress),
            "RESTATE_ADMIN__BIND_PORT": str(admin),
            "RESTATE_BASE_DIR": str(folder / "restate-data"),
            "RESTATE_LOG_FILTER": "off",
        }
        config = subprocess.run([server, "--dump-config"], env=env, check=True, stdout=subprocess.PIPE, text=True)
        self.config, self.client = config.stdout, Client(ingress)
        listens = f"127.0.0.1:{service}"
        self.processes = [
            # Standard output is this process's own, on which it answers.
            subprocess.Popen([server, "--no-logo"], env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr),
            subprocess.Popen([program, listens, folder], stdin=subprocess.DEVNULL, stdout=sys.stderr),
        ]
        atexit.register(self.end)
        served(service)
        steward = Client(admin)
        steward.ready("/health")
        steward.call("POST", "/deployments", {"uri": f"http://{listens}"})
        self.client.ready("/restate/health")

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def facts(self):
        provider = re.search(r'default-provider = "(.*)"', self.config)
        is_unsynced = re.search(r"rocksdb-disable-wal(-fsync)? = true", self.config) is not None
        fsync, survives = ("off", "a killed process") if is_unsynced else ("on", "power loss")
        return f"Restate 1 node, {provider and provider[1]} log, fsync of its log {fsync}", survives


def served(port):
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        with socket.socket() as looked:
            if looked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"stockade-restate does not listen on port {port}")


class Runs:
    """Starts runs, looks how they stand, and approves at once what they ask."""

    def __init__(self, client):
        self.client = client

    def mix(self, runs, in_flight):
        numbers, taking = count(), threading.Lock()

        def work(_):
            while True:
                with taking:
                    number = next(numbers)
                if number >= runs:
                    return
                self.refund(customer(number))

        with ThreadPoolExecutor(in_flight) as pool:
            # What one of them raises is raised here.
            list(pool.map(work, range(in_flight)))

    def refund(self, user):
        run = uuid.uuid4()
        started = {"workflow": "refund", "input": {"user_id": user, "request": "not what I expected"}}
        report = self.settled(run, self.client.call("POST", f"/Run/{run}/start", started))
        if report["approval"]:
            question = report["approvals"][0]
            yes = {"key": question["key"], "seen": question["digest"], "by": "dana", "decision": "approve"}
            report = self.settled(run, self.client.call("POST", f"/Run/{run}/decide", yes))
        if report["status"] != "done":
            raise RuntimeError(f"run {run} stands so: {json.dumps(report)}")

    def settled(self, run, report):
        return report if is_settled(report) else self.client.call("GET", f"/Run/{run}/wait")


def is_settled(report):
    if report["status"] == "waiting":
        return report["approval"] is not None
    return report["status"] in ("done", "failed", "stopped", "suspended", "paused")


def main(folder, server, program):
    restate = Restate(Path(folder), server, program)
    settings, survives = restate.facts()
    serve(settings, survives, Runs(restate.client).mix, [process.pid for process in restate.processes])


main(*sys.argv[1:])
