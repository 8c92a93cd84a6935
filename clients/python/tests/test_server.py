"""The client against a real server: ``tests/clients`` starts one, with the configuration of ``examples/edit``."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

from stockade_client import AsyncStockade, Problem, Stockade, TimedOut

PACKAGE = Path(__file__).parent.parent
COMPONENT = PACKAGE.parent.parent / "guest-tools" / "dist" / "policy.wasm"
URL = os.environ.get("STOCKADE_URL")


def order(user):
    return {"user_id": user, "request": "not what I expected"}


@unittest.skipUnless(URL, "tests/clients starts a server, and names it in STOCKADE_URL")
class Server(unittest.TestCase):
    def setUp(self):
        self.client = Stockade()
        self.addCleanup(self.client.close)

    def refused(self, call, *given, **more):
        with self.assertRaises(Problem) as refused:
            call(*given, **more)
        return refused.exception

    def asked(self, workflow, input):
        """Starts a run that asks a person; returns it and the question."""
        run = self.client.runs.start(workflow, input)
        run = self.client.runs.wait(run["run_id"], timeout_s=20)
        self.assertEqual(run["status"], "waiting", run)
        return next(self.client.approvals.list(run=run["run_id"]))

    def ended(self, run_id):
        return self.client.runs.wait(run_id, ended=True, timeout_s=20)

    def test_the_program_of_the_documents_does_what_they_say(self):
        program = PACKAGE / "examples" / "refund.py"
        ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lines = ran.stdout.splitlines()
        self.assertRegex(lines[0], r"^payments {.*'amount_cents': 14900.*} refund of \$149\.00 is over \$100\.00$")
        self.assertEqual((lines[1], *lines[-2:]), ("created", "done", "14900"))
        source = program.read_text()
        self.assertLessEqual(len(source.splitlines()), 15)
        for page in (PACKAGE / "README.md", PACKAGE.parent.parent / "docs" / "src" / "guide" / "clients.md"):
            self.assertIn(f"```python\n{source}```", page.read_text(), page)

    def test_the_program_with_an_upload_a_stream_and_a_fork_does_what_the_documents_say(self):
        program = PACKAGE / "examples" / "sandbox.py"
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(COMPONENT, Path(folder) / "rules.wasm")
            ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30, cwd=folder)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lines = ran.stdout.splitlines()
        self.assertRegex(lines[0], r"^rules sha256:[0-9a-f]{64} \[\]$")
        self.assertEqual(lines[1:], ["stdout so far", "42", "42"])
        source = program.read_text()
        self.assertLessEqual(len(source.splitlines()), 15)
        for page in (PACKAGE / "README.md", PACKAGE.parent.parent / "docs" / "src" / "guide" / "clients.md"):
            self.assertIn(f"```python\n{source}```", page.read_text(), page)

    def test_a_fork_names_what_it_repeats_and_a_picture_has_the_path(self):
        run_id = self.client.runs.start("refund", order("user_789"))["run_id"]
        self.ended(run_id)
        error = self.refused(self.client.runs.fork, run_id)
        self.assertEqual((error.status, error.reason), (409, "repeat"))
        repeat = re.findall('"([^"]+)"', error.detail.split(" behind entry ")[0])
        key = str(uuid.uuid4())
        fork, again = (self.client.runs.fork(run_id, repeat=repeat, key=key) for _ in range(2))
        self.assertEqual((fork["run_id"], fork["labels"]["forked_from"]), (again["run_id"], run_id))
        self.assertTrue(self.client.runs.graph(run_id).startswith("<svg "))

    def test_code_of_a_session_is_followed_and_the_session_is_listed_and_forked(self):
        session, other = str(uuid.uuid4()), str(uuid.uuid4())
        events = [*self.client.sandbox.stream("javascript", "console.log('a'); globalThis.x = 1", session=session)]
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("run", "end"))
        self.assertIn({"stream": "stdout", "text": "a\n"}, [event["data"] for event in events])
        self.assertIn(session, [each["session"] for each in self.client.sandbox.sessions()])
        self.assertEqual(self.client.sandbox.fork_session(session, other), {"session": other})
        cells = [*self.client.sandbox.session(other)]
        self.assertEqual([cell["run_id"] for cell in cells], [events[0]["data"]["run_id"]])
        self.assertEqual(self.refused(lambda: [*self.client.sandbox.session("nothing")]).reason, "session")

    def test_a_component_that_is_none_is_refused(self):
        error = self.refused(self.client.tools.upload, "broken", b"no component")
        self.assertEqual((error.status, error.kind), (400, "invalid"))
        with Stockade(token=os.environ["STOCKADE_BOT_TOKEN"]) as bot:
            self.assertEqual(self.refused(bot.tools.upload, "mine", COMPONENT.read_bytes()).reason, "role")

    def test_a_run_is_started_once_for_a_key_and_its_events_are_its_entries(self):
        key = str(uuid.uuid4())
        run = self.client.runs.start("refund", order("user_789"), key=key, labels={"team": key})
        again = self.client.runs.start("refund", order("user_789"), key=key, labels={"team": key})
        self.assertEqual(again["run_id"], run["run_id"])
        error = self.refused(self.client.runs.start, "refund", order("user_456"), key=key)
        self.assertEqual((error.status, error.kind, error.reason), (409, "conflict", "start_key"))
        run_id, events = run["run_id"], [*self.client.runs.events(run["run_id"])]
        entries = [*self.client.runs.entries(run_id)]
        self.assertEqual([event["data"] for event in events[:-1]], entries)
        self.assertEqual([entry["seq"] for entry in entries], [*range(1, len(entries) + 1)])
        self.assertEqual((events[-1]["event"], events[-1]["data"]["status"]), ("end", "done"))
        self.assertEqual([*self.client.runs.entries(run_id, after=len(entries) - 1)], entries[-1:])
        self.assertEqual([*self.client.runs.events(run_id, last_event_id="3")], events[3:])
        self.assertEqual([line["run_id"] for line in self.client.runs.list(key=key)], [run_id])
        self.assertEqual(self.client.runs.get(run_id)["output"], self.ended(run_id)["output"])

    def test_runs_are_listed_over_pages_each_once(self):
        labels = {"batch": str(uuid.uuid4())}
        started = [self.client.runs.start("refund", order("user_456"), labels=labels)["run_id"] for _ in range(5)]
        listed = [line["run_id"] for line in self.client.runs.list(labels=labels, page=2)]
        self.assertEqual(sorted(listed), sorted(started))

    def test_a_question_is_decided_as_it_was_seen_and_once(self):
        question = self.asked("refund", order("user_123"))
        run_id, key = question["run_id"], question["key"]
        error = self.refused(self.client.approvals.decide, run_id, key, "approve", seen="sha256:000000000000")
        self.assertEqual((error.status, error.reason), (409, "seen"))
        self.client.approvals.deny(question, comment="bought twice before")
        run = self.ended(run_id)
        self.assertEqual(run["approvals"][0]["decision"]["comment"], "bought twice before")
        self.assertEqual(self.refused(self.client.approvals.approve, question).reason, "decided")
        self.assertEqual(self.refused(self.client.approvals.revoke, run_id, key).reason, "remembered")
        self.assertEqual(self.refused(self.client.runs.settle, run_id, key, "failed").kind, "not_found")

    def test_a_call_of_an_agent_is_edited_and_another_is_answered_in_its_place(self):
        task = {"task": "user_789 wants a refund of the Starter License"}
        less = {"user_id": "user_789", "amount_cents": 4900}
        edited = self.asked("desk", task)
        self.client.approvals.edit(edited, less)
        run = self.ended(edited["run_id"])
        self.assertEqual((run["status"], run["approvals"][0]["decision"]["arguments"]), ("done", less))
        answered = self.asked("desk", task)
        self.client.approvals.respond(answered, "it was refunded on Monday")
        run = self.ended(answered["run_id"])
        self.assertEqual((run["status"], run["approvals"][0]["decision"]["verdict"]), ("done", "responded"))

    def test_a_run_is_paused_resumed_given_more_told_and_stopped(self):
        run_id = self.asked("refund", order("user_123"))["run_id"]
        runs = self.client.runs
        self.assertEqual(runs.pause(run_id, reason="lunch")["stop"]["reason"], "lunch")
        self.assertIsNone(runs.resume(run_id)["stop"])
        runs.wait(run_id, timeout_s=20)
        self.assertEqual(runs.add_to_budget(run_id, {"steps": 3})["budget"]["steps"], 103)
        runs.wait(run_id, timeout_s=20)
        runs.signal(run_id, "paid", {"cents": 1}, key="once")
        with self.assertRaises(TimedOut):
            runs.wait(run_id, ended=True, timeout_s=0)
        self.assertEqual(runs.stop(run_id, reason="enough")["status"], "stopped")
        self.assertEqual(self.refused(runs.stop, run_id).reason, "ended")

    def test_code_runs_in_one_call_with_tools_and_files_and_comes_back_with_its_exception(self):
        run = self.client.sandbox.run
        code = "console.log('so'); return (await purchases.find({user_id: input.user})).price_cents"
        ran = run("javascript", code, input={"user": "user_123"}, tools=["purchases"])
        self.assertEqual((ran["status"], ran["output"], ran["stdout"]), ("done", 14900, "so\n"))
        self.assertEqual([call["function"] for call in ran["tool_calls"]], ["find"])
        key = str(uuid.uuid4())
        first, again = (run("javascript", "return input", input=[1], key=key, budget={"steps": 20}) for _ in range(2))
        self.assertEqual((first["run_id"], first["output"]), (again["run_id"], [1]))
        failed = run("javascript", "throw new Error('no')")
        self.assertIn("no", failed["exception"]["message"])
        error = self.refused(run, "cobol", "STOP RUN.")
        self.assertIn("cobol", error.detail)

    def test_the_host_tells_its_tools_workflows_and_budgets(self):
        self.client.check_ready()
        tools = {tool["name"]: tool for tool in self.client.tools.list()}
        self.assertEqual(self.client.tools.get("policy"), tools["policy"])
        answer = self.client.tools.call(
            "policy", "needs_approval", {"amount_cents": 14_900, "approval_above_cents": 10_000}, key="k"
        )
        self.assertEqual((answer["output"], answer["idempotency_key"]), (True, "k"))
        self.assertEqual(self.refused(self.client.tools.get, "nothing").status, 404)
        self.assertLessEqual({"refund", "desk"}, set(self.client.workflows()))
        graph = self.client.workflow("refund")
        self.assertIn(graph["initial"], [each["name"] for each in graph["states"]])
        self.assertEqual([*self.client.budgets()], [])

    def test_a_text_is_kept_found_and_forgotten(self):
        memory, source = self.client.memory, f"handbook-{uuid.uuid4()}"
        kept = memory.keep(source, "Goods may be returned within thirty days.", namespace={"tenant": source}, labels=["private"])
        self.assertEqual((len(kept["kept"]), kept["known"]), (1, []))
        found = memory.search("how long may goods be returned", namespace=source)
        self.assertEqual([each["source"] for each in found], [source])
        listed = [*memory.list(source=source, page=1)]
        self.assertEqual([(each["id"], each["labels"]) for each in listed], [(kept["kept"][0], ["private"])])
        self.assertEqual(memory.forget(source=source), 1)
        self.assertEqual(self.refused(lambda: memory.forget(ids=kept["kept"])).kind, "not_found")
        self.assertEqual([*memory.list(source=source)], [])
        self.assertEqual(self.refused(memory.forget).reason, "query")

    def test_a_refusal_says_which_limit_and_a_wrong_token_is_one(self):
        with Stockade(token=os.environ["STOCKADE_BOT_TOKEN"]) as bot:
            error = self.refused(bot.runs.start, "refund", order("user_789"), budget={"steps": 51})
            self.assertEqual((error.status, error.kind, error.reason), (403, "denied", "budget"))
            self.assertEqual((error.limit, error.allowed, error.used), ("steps", 50, 51))
        with Stockade(token="stk_00") as other:
            self.assertEqual(self.refused(lambda: list(other.budgets())).status, 401)
        self.assertEqual(self.refused(self.client.runs.get, "7").reason, "run_id")

    def test_many_runs_are_started_and_followed_at_once_with_asyncio(self):
        told = []

        async def go():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
            async with AsyncStockade() as client:

                async def refund():
                    run = await client.runs.start("refund", order("user_789"))
                    return [event async for event in client.runs.events(run["run_id"])][-1]["data"]["status"]

                waiting = await client.runs.start("refund", order("user_123"))
                done = await asyncio.gather(*(refund() for _ in range(8)))
                async for event in client.runs.changes(needs_me=True, changed_since_ms=1):
                    if event["data"]["run_id"] == waiting["run_id"]:
                        return done, event["data"]["status"]

        self.assertEqual((asyncio.run(go()), told), ((["done"] * 8, "waiting"), []))

    def test_the_package_is_typed_and_has_the_version_of_the_program(self):
        version = re.compile(r'^version = "(.*)"$', re.MULTILINE)
        manifests = (PACKAGE / "pyproject.toml", PACKAGE.parent.parent / "Cargo.toml")
        own, program = (version.search(manifest.read_text()).group(1) for manifest in manifests)
        self.assertEqual(own, program)
        self.assertTrue((PACKAGE / "src" / "stockade_client" / "py.typed").exists())


if __name__ == "__main__":
    unittest.main()
