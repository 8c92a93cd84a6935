"""Runs workflows on three Restate nodes, kills one of them during each, and counts what happened twice and what was lost.

Usage: restate-cluster.py RESTATE-SERVER STOCKADE-RESTATE COOL-DOWN [SEED]. COOL-DOWN is the program of a workflow that sleeps.
The seed decides when which node is killed. Prints a table, and ends with 1 where anything happened twice or was lost.
"""

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

NODES = 3
# A node that is killed is missed after some seconds, and its partitions are led by others then.
SETTLED_S = 120
CALL_S = 20
UNTIL = time.monotonic
# How long a run of COOL-DOWN sleeps: longer than a node needs to be killed and to start again.
SLEEP_MS = 6_000
# For how long the shop is locked, so that refunds are in flight: the tool gives up on a lock after two seconds.
LOCKED_S = 1.6

CODE = """
const booked = [];
for (let amount = 1; amount <= 12; amount++) {
    const found = await purchases.find({user_id: 'user_789'});
    booked.push((await payments.refund({user_id: 'user_789', amount_cents: amount})).reference);
}
return booked.length;
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def request(url, body=None, timeout=CALL_S):
    """Returns the status and the JSON of an answer."""
    headers = {"content-type": "application/json"} if body is not None else {}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers, method="GET" if body is None else "POST")
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(errors="replace")


class Cluster:
    def __init__(self, server, place):
        self.server, self.place = server, place
        self.ports = [[free_port() for _ in range(3)] for _ in range(NODES)]
        self.nodes = [None] * NODES
        for number in range(NODES):
            self.start(number)

    def start(self, number):
        ingress, admin, node = self.ports[number]
        metadata = ", ".join(f'"http://127.0.0.1:{ports[2]}"' for ports in self.ports)
        config = os.path.join(self.place, f"node-{number}.toml")
        with open(config, "w") as file:
            file.write(f"""
cluster-name = "stockade-test"
node-name = "node-{number}"
roles = ["metadata-server", "admin", "worker", "log-server", "http-ingress"]
base-dir = "{self.place}/node-{number}"
bind-address = "127.0.0.1:{node}"
advertised-address = "http://127.0.0.1:{node}"
auto-provision = {"true" if number == 0 else "false"}
default-num-partitions = 4
default-replication = 2
disable-telemetry = true
[metadata-client]
type = "replicated"
addresses = [{metadata}]
[admin]
bind-address = "127.0.0.1:{admin}"
[ingress]
bind-address = "127.0.0.1:{ingress}"
""")
        log = open(os.path.join(self.place, f"node-{number}.log"), "a")
        self.nodes[number] = subprocess.Popen([self.server, "--config-file", config], stdout=log, stderr=log)

    def kill(self, number):
        self.nodes[number].send_signal(signal.SIGKILL)
        self.nodes[number].wait()
        self.nodes[number] = None

    def ready(self):
        """Waits until all nodes answer."""
        until = UNTIL() + SETTLED_S
        for ingress, admin, _ in self.ports:
            urls = [f"http://127.0.0.1:{admin}/health", f"http://127.0.0.1:{ingress}/restate/health"]
            while not all(is_ok(url) for url in urls):
                if UNTIL() > until:
                    raise TimeoutError(f"{urls} do not answer")
                time.sleep(0.2)

    def register(self, endpoint):
        self.anywhere(1, "deployments", {"uri": endpoint, "force": True})

    def call(self, path, body):
        """Calls a handler by a node that lives, by others where it does not answer; what comes again so is done once."""
        return self.anywhere(0, path, body)

    def anywhere(self, kind, path, body):
        until, last = UNTIL() + SETTLED_S, None
        while UNTIL() < until:
            for number in random.sample(range(NODES), NODES):
                if self.nodes[number] is None:
                    continue
                url = f"http://127.0.0.1:{self.ports[number][kind]}/{path}"
                try:
                    status, answer = request(url, body)
                except OSError as broken:
                    last = f"{url}: {broken}"
                    continue
                # A node may not know yet what was registered at another one.
                unknown = status == 404 and '"source":"ingress"' in str(answer)
                if not unknown and (status < 300 or 400 <= status < 500 and status not in (408, 425, 429)):
                    return status, answer
                last = f"{url}: {status} {answer}"
            time.sleep(0.2)
        raise TimeoutError(f"no node has answered {path}: {last}")

    def stop(self):
        for node in self.nodes:
            if node is not None:
                node.kill()
                node.wait()


def is_ok(url):
    try:
        return request(url, timeout=2)[0] == 200
    except OSError:
        return False


class Endpoint:
    def __init__(self, program, place):
        self.program, self.place, self.port = program, place, free_port()
        self.start()

    def serve(self, program):
        """Ends this program, and has another one serve at its address."""
        self.kill()
        self.program = program
        self.start()

    def start(self):
        log = open(os.path.join(self.place, "endpoint.log"), "a")
        arguments = [self.program, f"127.0.0.1:{self.port}", self.place]
        self.process = subprocess.Popen(arguments, stdout=log, stderr=log)
        until = UNTIL() + SETTLED_S
        while UNTIL() < until:
            with socket.socket() as peer:
                if peer.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("the endpoint does not listen")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def books(self):
        """Returns the keys under which refunds are booked."""
        with sqlite3.connect(f"file:{self.place}/shop.db?mode=ro", uri=True) as shop:
            return [key for (key,) in shop.execute("SELECT idempotency_key FROM refunds")]

    def locked(self):
        """Locks the shop for a while: who wants to book, waits. Returns the thread that unlocks it."""
        shop = sqlite3.connect(f"{self.place}/shop.db", timeout=10, isolation_level=None, check_same_thread=False)
        shop.execute("BEGIN IMMEDIATE")
        unlocking = threading.Timer(LOCKED_S, shop.close)
        unlocking.start()
        return unlocking


class Test:
    def __init__(self, cluster, endpoint, cool_down, seed):
        self.cluster, self.endpoint, self.cool_down, self.random = cluster, endpoint, cool_down, random.Random(seed)
        self.rows, self.failures = [], []

    def start(self, workflow, sent, **more):
        run = str(uuid.uuid4())
        status, answer = self.cluster.call(
            f"Run/{run}/start", {"workflow": workflow, "input": sent, **more}
        )
        if status != 200:
            raise AssertionError(f"a start is refused: {status} {answer}")
        return run

    def read(self, run):
        status, answer = self.cluster.call(f"Run/{run}/read", None)
        if status != 200:
            raise AssertionError(f"run {run} cannot be read: {status} {answer}")
        return answer

    def settled(self, runs, *statuses):
        """Waits until runs stand so, and returns how each stands then; one that does not is stuck."""
        until, found = UNTIL() + SETTLED_S, {}
        while UNTIL() < until and len(found) < len(runs):
            for run in runs:
                if run not in found:
                    report = self.read(run)
                    if report["status"] in statuses and (report["status"] != "waiting" or report["approval"]):
                        found[run] = report
            time.sleep(0.2)
        return found

    def waited(self, runs):
        """Returns how runs stand once a client is told that they go on by themselves no more."""
        with ThreadPoolExecutor(len(runs)) as pool:
            answers = pool.map(lambda run: self.cluster.call(f"Run/{run}/wait", None), runs)
            return {run: report for run, (status, report) in zip(runs, answers) if status == 200}

    def refunds(self, count, user, **more):
        sent = {"user_id": user, "request": "not what I expected"}
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.start("refund", sent, **more), range(count)))

    def during(self, name, act, victim="node", least=0.0, most=0.6):
        """Does something while a node, or the endpoint, is killed, and waits until it is back."""
        number, after = self.random.randrange(NODES), self.random.uniform(least, most)

        def kill():
            time.sleep(after)
            self.cluster.kill(number) if victim == "node" else self.endpoint.kill()
            time.sleep(2)
            self.cluster.start(number) if victim == "node" else self.endpoint.start()

        killer = threading.Thread(target=kill)
        began = UNTIL()
        killer.start()
        try:
            acted = act()
        finally:
            killer.join()
        self.cluster.ready()
        what = f"node {number}" if victim == "node" else "the endpoint"
        print(f"{name}: {what} was killed after {after:.2f} s; took {UNTIL() - began:.1f} s", flush=True)
        return acted

    def count(self, name, runs, stands, wanted, booked):
        """Counts, of runs of which each is to stand so and to have booked so many refunds."""
        books = self.endpoint.books()
        lost = twice = stuck = 0
        for run in runs:
            mine = sum(key.startswith(f"{run}/") for key in books)
            lost += max(0, booked(run) - mine)
            twice += max(0, mine - booked(run))
            if run not in stands or not wanted(run, stands[run]):
                stuck += 1
                self.failures.append(f"{name}: run {run} stands so: {json.dumps(stands.get(run) or self.read(run))[:1500]}")
        self.rows.append((name, len(runs), twice, lost, stuck))

    def refund(self, victim="node"):
        name = f"refund, {victim} killed"
        def act():
            runs = self.refunds(12, "user_789")
            return runs, self.waited(runs)
        runs, stands = self.during(name, act, victim)
        self.count(name, runs, stands, lambda _, report: report["status"] == "done", lambda _: 1)

    def decide(self, run, asked, verdict):
        question = asked["approvals"][0]
        body = {"key": question["key"], "seen": question["digest"], "by": "dana", "decision": verdict}
        return self.cluster.call(f"Run/{run}/decide", body)

    def cancel(self, run):
        return self.cluster.call(f"Run/{run}/cancel", {"by": "dana", "reason": "a test"})

    def refused(self):
        """What is not taken, by what its refusal names; and what is taken again as the same."""
        def ask(path, body, status, named):
            got, answer = self.cluster.call(f"Run/{path}", body)
            if got != status or named not in str(answer):
                self.failures.append(f"refused: {path} {json.dumps(body)[:200]} is answered {got} {str(answer)[:500]}")

        sent = {"workflow": "refund", "input": {"user_id": "user_123", "request": "not what I expected"}}
        run = self.refunds(1, "user_123")[0]
        question = self.waited([run])[run]["approvals"][0]
        yes = {"key": question["key"], "seen": question["digest"], "by": "dana", "decision": "approve"}
        for key in (run.upper(), run.replace("-", ""), f"%7B{run}%7D", f"urn:uuid:{run}"):
            ask(f"{key}/start", sent, 400, run)
            ask(f"{key}/cancel", {"by": "dana"}, 400, run)
        ask(f"{run}/start", sent, 200, run)
        ask(f"{run}/start", {**sent, "budget": {"steps": 1}}, 409, "another budget")
        ask(f"{run}/start", {**sent, "by": "eve"}, 409, "another by")
        for more, named in (({"budgt": {}}, "budgt"), ({"budget": {"journal": 1 << 28}}, "16777216"), ({"by": " "}, "by")):
            ask(f"{uuid.uuid4()}/start", {**sent, **more}, 400, named)
        ask(f"{run}/start", ["refund", {}], 400, "send an object")
        ask(f"{run}/extend", {"add": {"journal": 1 << 28}}, 400, "16777216")
        ask(f"{run}/resume", None, 400, "")
        ask(f"{run}/decide", {**yes, "coment": "no"}, 400, "coment")
        ask(f"{run}/decide", {**yes, "by": "x" * 257}, 400, "257 bytes")
        ask(f"{run}/decide", {**yes, "seen": "sha256:00"}, 409, "look at it again")
        ask(f"{run}/decide", yes, 200, run)
        ask(f"{run}/decide", yes, 200, run)
        ask(f"{run}/decide", {**yes, "decision": "deny"}, 409, "dana")
        late = str(uuid.uuid4())
        ask(f"{late}/wait", None, 404, late)
        ask(f"{late}/start", {**sent, "deadline_ms": (1 << 64) - 1}, 200, late)
        ask(f"{late}/cancel", {"by": "dana"}, 200, "stopped")
        ask(f"{late}/cancel", {"by": "dana"}, 200, "stopped")
        ask(f"{late}/cancel", {"by": "eve"}, 409, "stopped")
        stands = self.waited([run])
        self.count("refusals and repetitions", [run], stands, lambda _, report: report["status"] == "done", lambda _: 1)

    def approval(self):
        runs = self.refunds(8, "user_123")
        asked = self.settled(runs, "waiting")
        verdicts = {run: "approved" if number % 2 else "denied" for number, run in enumerate(runs)}

        def act():
            with ThreadPoolExecutor(len(runs)) as pool:
                decided = list(pool.map(lambda run: self.decide(run, asked[run], verdicts[run]), asked))
            return decided, self.settled(runs, "done", "failed", "stopped")

        decided, stands = self.during("approval", act)
        self.failures += [f"approval: a decision is refused: {answer}" for status, answer in decided if status != 200]
        is_over = lambda _, report: report["status"] == "done"
        self.count("approval", runs, stands, is_over, lambda run: int(verdicts[run] == "approved"))

    def deadline(self):
        def act():
            began = time.time()
            runs = self.refunds(6, "user_123", deadline_ms=6_000)
            return began, runs, self.settled(runs, "done", "failed", "stopped")

        began, runs, stands = self.during("deadline", act)
        early = time.time() < began + 6
        def wanted(_, report):
            error = report["error"] or {}
            return report["status"] == "failed" and error.get("kind") == "deadline" and not early
        self.count("deadline", runs, stands, wanted, lambda _: 0)

    def sleep(self):
        """Runs that sleep, and then book: not before their time, and once."""
        def act():
            began = UNTIL()
            sent = {"user_id": "user_789", "wait_ms": SLEEP_MS}
            with ThreadPoolExecutor(6) as pool:
                runs = list(pool.map(lambda _: self.start("cool_down", sent), range(6)))
                # Nothing is told of a run that sleeps.
                waited, early = pool.submit(self.waited, runs), set()
                while UNTIL() < began + SLEEP_MS / 1000:
                    books = self.endpoint.books()
                    # It may have become time while the books were read.
                    if UNTIL() < began + SLEEP_MS / 1000:
                        early |= {run for run in runs if any(key.startswith(f"{run}/") for key in books)}
                    time.sleep(0.1)
                return runs, early, waited.result()

        program = self.endpoint.program
        self.endpoint.serve(self.cool_down)
        # The node is gone while they sleep.
        runs, early, stands = self.during("sleep", act, least=1.0, most=3.0)
        self.endpoint.serve(program)
        is_done = lambda run, report: report["status"] == "done" and run not in early
        self.count("sleep", runs, stands, is_done, lambda _: 1)

    def stop(self):
        runs = self.refunds(6, "user_123")
        self.settled(runs, "waiting")

        def act():
            with ThreadPoolExecutor(len(runs)) as pool:
                stopped = list(pool.map(self.cancel, runs))
            return stopped, self.settled(runs, "done", "failed", "stopped")

        stopped, stands = self.during("stop", act)
        self.failures += [f"stop: refused: {answer}" for status, answer in stopped if status != 200]
        self.count("stop", runs, stands, lambda _, report: report["status"] == "stopped", lambda _: 0)
        question = next(iter(stands.values()))["approvals"][0]
        body = {"key": question["key"], "seen": question["digest"], "by": "dana", "decision": "approve"}
        status, answer = self.cluster.call(f"Run/{runs[0]}/decide", body)
        if status != 409:
            self.failures.append(f"stop: a decision on a stopped run is answered {status} {answer}")

    def stop_in_flight(self):
        """Stops runs whose refund is in flight. Whether it is booked is a race; then the run must say that it may be."""
        name = "stop, an effect in flight"
        runs = self.refunds(8, "user_123")
        asked = self.settled(runs, "waiting")

        def stop(run):
            # The answer to a decision comes once the refund is sent off.
            return self.decide(run, asked[run], "approved"), self.cancel(run)

        def act():
            unlocking = self.endpoint.locked()
            with ThreadPoolExecutor(len(runs)) as pool:
                stopped = list(pool.map(stop, asked))
            unlocking.join()
            return dict(zip(asked, stopped)), self.settled(runs, "done", "failed", "stopped")

        # Some are stopped before the node is gone.
        stopped, stands = self.during(name, act, least=0.5, most=1.2)
        # Whatever waited for the lock has booked once a later one has.
        later = self.refunds(1, "user_789")
        if self.settled(later, "done", "failed", "stopped").get(later[0], {}).get("status") != "done":
            self.failures.append(f"{name}: a later refund is not done: {self.read(later[0])}")
        books = self.endpoint.books()
        booked = {run: sum(key.startswith(f"{run}/") for key in books) for run in runs}

        def is_cut_off(report):
            return report["status"] == "stopped" and report["state"] == "EXECUTE_REFUND"

        def wanted(run, report):
            (decided, _), (cancelled, _) = stopped[run]
            if decided != 200:
                return False
            # A run whose node was gone may have ended before it could be stopped; its refund too, as the shop was locked.
            if report["status"] in ("done", "failed"):
                return cancelled == 409
            # One that was cut off says so of its refund, whether that was booked or not.
            return report["status"] == "stopped" and cancelled == 200 and (not is_cut_off(report) or report["unknown"] != [])

        def owed(run):
            if run in stands and not is_cut_off(stands[run]):
                return int(stands[run]["status"] != "failed")
            return min(1, booked[run])

        if not any(is_cut_off(report) for report in stands.values()):
            self.failures.append(f"{name}: no run was stopped while its refund was in flight, so that nothing was tried")
        self.count(name, runs, stands, wanted, owed)

    def code(self, victim="node"):
        name = f"agent code with tools, {victim} killed"
        code = {"language": "javascript", "source": CODE, "tools": ["purchases", "payments"]}

        def act():
            with ThreadPoolExecutor(6) as pool:
                runs = list(pool.map(lambda _: self.start("exec", code), range(6)))
            return runs, self.settled(runs, "done", "failed", "stopped", "waiting", "suspended")

        runs, stands = self.during(name, act, victim)
        is_done = lambda _, report: report["status"] == "done" and report["output"] == 12
        self.count(name, runs, stands, is_done, lambda _: 12)

    def all(self):
        self.refused()
        self.refund()
        self.approval()
        self.deadline()
        self.sleep()
        self.stop()
        self.stop_in_flight()
        self.code()
        self.refund("endpoint")
        self.code("endpoint")

    def told(self):
        print(f"{'scenario':45}{'runs':>6}{'twice':>7}{'lost':>6}{'stuck or wrong':>16}")
        for name, *counts in self.rows:
            print(f"{name:45}{counts[0]:6}{counts[1]:7}{counts[2]:6}{counts[3]:16}")
        print("\n".join(self.failures), file=sys.stderr)
        is_good = not self.failures and len(self.rows) == 10 and not any(sum(row[2:]) for row in self.rows)
        return 0 if is_good else 1


def main(server, program, cool_down, seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    place = tempfile.mkdtemp(prefix="stockade-restate.")
    cluster = endpoint = None
    try:
        cluster = Cluster(os.path.abspath(server), place)
        endpoint = Endpoint(os.path.abspath(program), place)
        cluster.ready()
        cluster.register(f"http://127.0.0.1:{endpoint.port}")
        test = Test(cluster, endpoint, os.path.abspath(cool_down), seed)
        test.all()
        code = test.told()
    finally:
        if cluster:
            cluster.stop()
        if endpoint:
            endpoint.kill()
        if os.environ.get("KEEP"):
            print(f"logs: {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
