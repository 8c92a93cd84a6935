"""What the client does when a server or a connection fails."""

import asyncio
import socket
import unittest
from itertools import islice, product

from far import Answer, Far, document, events, problem
from stockade_client import AsyncStockade, Problem, Retry, Stockade, StockadeError, TimedOut, Unreachable
from stockade_client._requests import next_page, path
from stockade_client._sse import Event, Parser

SOON = Retry(attempts=3, stream_attempts=4, first_s=0.001, longest_s=0.01)
DROP = Answer(drop=True)
QUESTION = {"run_id": "r", "key": "turn-1/call 1", "digest": "sha256:ab"}


def entry(seq):
    return ("entry", str(seq), {"run": "r", "seq": seq, "at_ms": 1, "change": "stepped"})


def run(status):
    return {"run_id": "r", "status": status}


class Requests(unittest.TestCase):
    def test_a_start_without_a_key_has_one_of_its_own_and_is_repeated_under_it(self):
        with Far(DROP, problem(503, "journal"), document(run("running"), 201)) as far, Stockade(far.url, retry=SOON) as client:
            client.runs.start("refund", {"a": 1}, labels={"team": "a"})
        keys = {asked.headers["idempotency-key"] for asked in far.asked}
        self.assertEqual((len(far.asked), len(keys)), (3, 1))
        self.assertEqual(far.asked[0].body, {"workflow": "refund", "input": {"a": 1}, "labels": {"team": "a"}})

    def test_what_is_not_repeatable_is_asked_once(self):
        changes = (
            lambda client: client.approvals.approve(QUESTION),
            lambda client: client.runs.add_to_budget("r", {"steps": 1}),
            lambda client: client.tools.call("letters", "write", {}, key="k"),
        )
        for answer, change in product((DROP, problem(503, "unavailable"), problem(504, "deadline")), changes):
            with Far(answer, document({})) as far, Stockade(far.url, retry=SOON) as client:
                with self.assertRaises((Unreachable, Problem)):
                    change(client)
            self.assertEqual(len(far.asked), 1)

    def test_a_request_that_has_not_begun_is_repeated_whatever_it_is(self):
        with Far(problem(429, "unavailable", "1"), document(run("running"))) as far, Stockade(far.url, retry=SOON) as client:
            client.approvals.approve(QUESTION, comment="fine")
        self.assertEqual([asked.what for asked in far.asked], ["POST /v1/runs/r/approvals/turn-1/call%201"] * 2)
        self.assertEqual(far.asked[1].body, {"decision": "approve", "seen": "sha256:ab", "comment": "fine"})

    def test_code_that_is_followed_is_begun_once_and_its_error_is_raised(self):
        output = ("output", "", {"stream": "stdout", "text": "a\n"})
        broken = ("problem", "", {"status": 503, "kind": "journal"})
        ends = ((events(output, more=9), Unreachable), (events(output), Unreachable), (events(output, broken), Problem))
        for answer, error in ends:
            with Far(answer) as far, Stockade(far.url, retry=SOON) as client, self.assertRaises(error):
                [*client.sandbox.stream("javascript", "1", key="k")]
            headers = far.asked[0].headers
            self.assertEqual((headers["accept"], headers["idempotency-key"]), ("text/event-stream", "k"))
            self.assertEqual((len(far.asked), far.asked[0].body["language"]), (1, "javascript"))

    def test_a_server_that_is_not_there_is_unreachable(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with Stockade(f"http://127.0.0.1:{port}", retry=SOON) as client, self.assertRaises(Unreachable) as refused:
            client.check_ready()
        self.assertIn(str(port), str(refused.exception))

    def test_a_problem_has_the_kind_and_the_limit_and_an_answer_of_a_proxy_the_kind_http(self):
        told = problem(403, "denied", reason="budget", limit="steps", allowed=50, used=51)
        others = (Answer(400, b"<html>"), Answer(200, b"<html>"))
        with Far(told, *others) as far, Stockade(far.url, "stk_1", retry=SOON) as client:
            with self.assertRaises(Problem) as refused:
                client.runs.start("refund", {}, budget={"steps": 51})
            with self.assertRaises(Problem) as other:
                client.runs.get("r")
            with self.assertRaises(Problem) as page:
                client.runs.get("r")
        error = refused.exception
        self.assertEqual((error.status, error.kind, error.reason), (403, "denied", "budget"))
        self.assertEqual((error.limit, error.allowed, error.used, error.detail), ("steps", 50, 51, "d"))
        self.assertEqual((other.exception.status, other.exception.kind), (400, "http"))
        self.assertEqual((page.exception.status, page.exception.kind), (200, "http"))
        self.assertEqual(far.asked[0].headers["authorization"], "Bearer stk_1")

    def test_pages_are_asked_for_until_there_is_no_next_one_and_no_other_address_is_asked(self):
        link = '<http://evil.example/v1/runs?label=a%3Db&cursor=2.x>; rel="next"'
        pages = [document([{"run_id": "1"}, {"run_id": "2"}], link=link), document([{"run_id": "3"}])]
        with Far(*pages) as far, Stockade(far.url + "/") as client:
            listed = [line["run_id"] for line in client.runs.list(labels={"a": "b"}, needs_me=True, status="waiting", page=2)]
        self.assertEqual(listed, ["1", "2", "3"])
        first, second = (asked.what for asked in far.asked)
        self.assertEqual(first, "GET /v1/runs?status=waiting&label=a%3Db&needs_me=true&limit=2")
        self.assertEqual(second, "GET /v1/runs?label=a%3Db&cursor=2.x")

    def test_questions_are_asked_for_page_after_page_also_behind_a_page_without_any(self):
        link = '</v1/approvals?run=r&limit=1&cursor=2.x>; rel="next"'
        pages = [document([], link=link), document([QUESTION])]
        with Far(*pages) as far, Stockade(far.url) as client:
            self.assertEqual([*client.approvals.list(run="r", page=1)], [QUESTION])
        first, second = (asked.what for asked in far.asked)
        self.assertEqual(first, "GET /v1/approvals?run=r&limit=1")
        self.assertEqual(second, "GET /v1/approvals?run=r&limit=1&cursor=2.x")

    def test_code_that_takes_longer_than_an_answer_is_asked_about_under_its_key(self):
        later, done = document(run("running"), 202), document(run("done") | {"output": 42}, 200)
        with Far(later, DROP, later, done) as far, Stockade(far.url, retry=SOON) as client:
            ran = client.sandbox.run("python", "6 * 7", tools=["purchases"], files={"a.txt": b"a"})
        self.assertEqual((ran["output"], len({asked.headers["idempotency-key"] for asked in far.asked})), (42, 1))
        self.assertEqual(far.asked[0].body["files"], {"a.txt": "YQ=="})
        with Far(later) as far, Stockade(far.url, retry=SOON) as client, self.assertRaises(TimedOut):
            client.sandbox.run("python", "6 * 7", timeout_s=0)


class Streams(unittest.TestCase):
    def test_a_stream_that_breaks_off_goes_on_behind_its_last_event(self):
        answers = [events(entry(1), entry(2), more=9), DROP, problem(503, "journal"), events(entry(3), ("end", "3", run("done")))]
        with Far(*answers) as far, Stockade(far.url, retry=SOON) as client:
            seen = [event["id"] + event["event"] for event in client.runs.events("r")]
        self.assertEqual(seen, ["1entry", "2entry", "3entry", "3end"])
        self.assertEqual([asked.headers.get("last-event-id") for asked in far.asked], [None, "2", "2", "2"])

    def test_a_stream_that_ends_with_a_problem_has_given_what_came_before_it(self):
        failed = ("problem", "1", {"status": 500, "kind": "host_bug", "detail": "d"})
        with Far(events(entry(1), failed)) as far, Stockade(far.url, retry=SOON) as client:
            stream = client.runs.events("r")
            self.assertEqual(next(stream)["id"], "1")
            with self.assertRaises(Problem) as refused:
                next(stream)
        self.assertEqual(refused.exception.kind, "host_bug")

    def test_a_stream_that_no_attempt_opens_is_given_up(self):
        with Far(*[problem(503, "journal")] * 4) as far, Stockade(far.url, retry=SOON) as client:
            with self.assertRaises(Problem):
                next(client.runs.events("r"))
        self.assertEqual(len(far.asked), 4)

    def test_who_has_all_of_a_run_that_has_ended_sees_nothing_more(self):
        with Far(Answer(204)) as far, Stockade(far.url) as client:
            self.assertEqual([*client.runs.events("r", last_event_id="7")], [])

    def test_all_runs_are_followed_over_streams_that_end(self):
        lines = [("run", f"{at}.r", {"run_id": "r", "status": "waiting"}) for at in (1, 2)]
        with Far(events(lines[0]), events(lines[1])) as far, Stockade(far.url, retry=SOON) as client:
            seen = [event["id"] for event in islice(client.runs.changes(needs_me=True, status=["waiting"]), 2)]
        self.assertEqual((seen, far.asked[1].headers["last-event-id"]), (["1.r", "2.r"], "1.r"))
        self.assertEqual(far.asked[0].what, "GET /v1/events?status=waiting&needs_me=true")

    def test_a_wait_ends_where_the_run_stands_still_and_one_for_its_end_goes_on(self):
        answers = [document(run("running")), events(entry(1), entry(2), more=9), document(run("waiting"))]
        with Far(*answers) as far, Stockade(far.url, retry=SOON) as client:
            self.assertEqual(client.runs.wait("r")["status"], "waiting")
        more = [events(("end", "2", run("done")))]
        with Far(*answers, *more) as far, Stockade(far.url, retry=SOON) as client:
            self.assertEqual(client.runs.wait("r", ended=True)["status"], "done")

    def test_a_wait_with_a_time_ends_with_it(self):
        with Far(document(run("running")), events(more=9)) as far, Stockade(far.url, retry=SOON) as client:
            with self.assertRaises(TimedOut):
                client.runs.wait("r", timeout_s=0)

    def test_the_client_for_asyncio_does_the_same(self):
        async def follow(url):
            async with AsyncStockade(url, retry=SOON) as client:
                return [event["id"] async for event in client.runs.events("r")]

        with Far(events(entry(1), more=9), events(entry(2), ("end", "2", run("done")))) as far:
            self.assertEqual(asyncio.run(follow(far.url)), ["1", "2", "2"])


class Pieces(unittest.TestCase):
    def test_events_are_read_whatever_the_chunks_and_the_ends_of_lines(self):
        text = "retry: 9\r\nevent: run\r\nid: 7\rdata: {\ndata:é}\n\n: alive\n\nid\ndata\n\nevent: x\n\n".encode()
        whole = [Event("run", "{\né}", "7"), Event("message", "", "")]
        self.assertEqual(Parser().feed(text), whole)
        parser = Parser()
        self.assertEqual([event for byte in text for event in parser.feed(bytes([byte]))], whole)

    def test_a_path_keeps_the_slashes_of_a_key_alone(self):
        self.assertEqual(path("tools", "a/b", "c?d"), "/v1/tools/a%2Fb/c%3Fd")
        self.assertEqual(path("runs", "r", "approvals", "turn-1/call-1"), "/v1/runs/r/approvals/turn-1/call-1")

    def test_a_name_that_would_lead_to_another_path_is_refused_and_nothing_is_asked(self):
        for names in [("sessions", "..", "fork"), ("runs", "r", "approvals", "../stop"), ("tools", "."), ("tools", "a/..")]:
            with self.assertRaises(StockadeError):
                path(*names)
        self.assertEqual(path("tools", "...", "a..b"), "/v1/tools/.../a..b")
        with Far() as far, Stockade(far.url) as client, self.assertRaises(StockadeError):
            client.runs.signal("r", "../stop")
        self.assertEqual(far.asked, [])

    def test_a_link_to_another_page_than_the_next_is_none(self):
        self.assertIsNone(next_page('</v1/runs?cursor=1>; rel="prev"'))
        self.assertIsNone(next_page(""))


if __name__ == "__main__":
    unittest.main()
