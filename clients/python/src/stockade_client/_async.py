"""The client for asyncio. ``unasync.py`` makes the other one of it."""

from __future__ import annotations

import asyncio
import base64
import builtins
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Literal, Self, cast

import httpx

from . import _requests as requests
from ._requests import ENDED, GOES_ON, Query, Request, Retry, get, once, path, post, without
from ._sse import Event, Parser
from .documents import (
    Amounts,
    CodeEvent,
    CodeRun,
    Entry,
    Graph,
    LineEvent,
    Memory,
    Namespace,
    Question,
    Remembered,
    RemovedSession,
    Run,
    RunEvent,
    RunLine,
    Session,
    SessionCell,
    SharedBudget,
    Tool,
    ToolAnswer,
)
from .errors import Problem, StockadeError, TimedOut, Unreachable


class _AsyncTransport:
    """Makes requests, again where they may come again."""

    def __init__(self, url: str, token: str | None, retry: Retry, http: httpx.AsyncClient | None) -> None:
        self.url, self.retry = url, retry
        self._headers = requests.headers(token)
        self._http = http or httpx.AsyncClient()

    async def close(self) -> None:
        await self._http.aclose()

    async def pause(self, failed: int, error: StockadeError | None = None) -> None:
        await asyncio.sleep(self.retry.pause_s(failed, error))

    async def send(self, request: Request) -> httpx.Response:
        failed = 0
        while True:
            try:
                return await self._send(request)
            except StockadeError as error:
                failed += 1
                if failed >= self.retry.attempts or not request.may_come_again(error):
                    raise
                await self.pause(failed, error)

    async def _send(self, request: Request) -> httpx.Response:
        url = self.url + request.path
        try:
            response = await self._http.request(
                request.method,
                url,
                params=request.query,
                headers=self._headers | request.headers,
                json=request.body,
                content=request.component,
                timeout=requests.ANSWER_S,
            )
        except httpx.TransportError as error:
            raise requests.unreachable(url, error)
        if not response.is_success:
            raise Problem.read(response.status_code, response.headers, response.content)
        return response

    async def ask(self, request: Request) -> Any:
        return requests.document(await self.send(request))

    async def pages(self, path: str, query: Query) -> AsyncIterator[Any]:
        """Yields what pages list, one after the other."""
        more: Query | None = query
        while more is not None:
            response = await self.send(get(path, more))
            for each in requests.document(response):
                yield each
            # A page may have nothing, and there may be more behind it.
            more = requests.next_page(response.headers.get("link", ""))

    async def follow(
        self, path: str, query: Query = (), last: str | None = None, until_s: float | None = None
    ) -> AsyncGenerator[list[Event], None]:
        """Yields the events of a stream, those that come together at once; none with a sign of life.

        A stream that breaks off goes on behind its last event. It ends when the server says that there is no more.
        """
        failed = 0
        error: StockadeError | None
        response: httpx.Response | None
        while True:
            error, response = None, None
            try:
                response = await self._open(path, query, last, until_s)
                if response.status_code == 204:
                    return
                parser = Parser()
                async for chunk in response.aiter_bytes():
                    events = parser.feed(chunk)
                    known = [event for event in events if event.name != "problem"]
                    for event in known:
                        failed, last = 0, event.id or last
                    yield known
                    _check_end(events)
            except httpx.TransportError as broken:
                error = requests.unreachable(self.url + path, broken)
            except Problem as problem:
                if not problem.passes:
                    raise
                error = problem
            finally:
                if response is not None:
                    await response.aclose()
            _check_time(path, until_s)
            failed += 1
            if error and failed >= self.retry.stream_attempts:
                raise error
            await self.pause(failed, error)

    async def stream(self, request: Request) -> AsyncGenerator[list[Event], None]:
        """Yields the events of the answer to one request, those that come together at once. It is not made again."""
        response: httpx.Response | None = None
        try:
            response = await self._begin(request)
            parser = Parser()
            async for chunk in response.aiter_bytes():
                events = parser.feed(chunk)
                yield [event for event in events if event.name != "problem"]
                _check_end(events)
        except httpx.TransportError as broken:
            raise requests.unreachable(self.url + request.path, broken)
        finally:
            if response is not None:
                await response.aclose()

    async def _begin(self, request: Request) -> httpx.Response:
        headers = self._headers | request.headers | {"Accept": "text/event-stream"}
        timeout = httpx.Timeout(requests.ANSWER_S, read=requests.SILENCE_S)
        built = self._http.build_request(
            request.method, self.url + request.path, json=request.body, headers=headers, timeout=timeout
        )
        return await self._streamed(await self._http.send(built, stream=True))

    async def _streamed(self, response: httpx.Response) -> httpx.Response:
        if response.status_code in (200, 204):
            return response
        try:
            raise Problem.read(response.status_code, response.headers, await response.aread())
        finally:
            await response.aclose()

    async def _open(self, path: str, query: Query, last: str | None, until_s: float | None) -> httpx.Response:
        headers = self._headers | {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        left_s = requests.SILENCE_S if until_s is None else max(until_s - time.monotonic(), 0.01)
        timeout = httpx.Timeout(requests.ANSWER_S, read=min(left_s, requests.SILENCE_S))
        request = self._http.build_request("GET", self.url + path, params=tuple(query), headers=headers, timeout=timeout)
        # Not `stream`: it is a generator too, and the end of a loop closes all that were left, in no order.
        return await self._streamed(await self._http.send(request, stream=True))


def _check_end(events: list[Event]) -> None:
    """Raises the error with which a stream ends, if it has one."""
    for event in events:
        if event.name == "problem":
            document = json.loads(event.data)
            raise Problem(document.get("status", 500), document)


def _check_time(what: str, until_s: float | None) -> None:
    if until_s is not None and time.monotonic() >= until_s:
        raise TimedOut(f"{what} takes longer than was waited for; it goes on")


class AsyncRuns:
    """Runs: started, listed, read, followed, and told what to do."""

    def __init__(self, transport: _AsyncTransport) -> None:
        self._transport = transport

    async def start(
        self,
        workflow: str,
        input: Any,
        *,
        key: str | None = None,
        budget: Amounts | None = None,
        labels: Mapping[str, str] | None = None,
        deadline_ms: int | None = None,
    ) -> Run:
        """Starts a run, once for each key: the same request under the same key returns the run that it has started.

        Without a key, the client makes one, so that a request which it repeats starts one run.
        """
        body = without({"budget": budget, "labels": labels, "deadline_ms": deadline_ms})
        request = once("/v1/runs", {"workflow": workflow, "input": input} | body, key)
        return cast(Run, await self._transport.ask(request))

    async def get(self, run_id: str) -> Run:
        """Returns all about a run."""
        return cast(Run, await self._transport.ask(get(path("runs", run_id))))

    async def list(
        self,
        *,
        workflow: str | None = None,
        status: str | Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
        key: str | None = None,
        waiting_for: str | Iterable[str] = (),
        needs_me: bool | None = None,
        since_ms: int | None = None,
        changed_since_ms: int | None = None,
        unchanged_since_ms: int | None = None,
        sort: Literal["started", "changed"] | None = None,
        reverse: bool | None = None,
        page: int | None = None,
    ) -> AsyncIterator[RunLine]:
        """Lists the runs that all of these let through, the oldest first; page after page, each of up to ``page`` runs."""
        query = requests.query(
            labels=labels,
            status=status,
            waiting_for=waiting_for,
            workflow=workflow,
            key=key,
            needs_me=needs_me,
            since_ms=since_ms,
            changed_since_ms=changed_since_ms,
            unchanged_since_ms=unchanged_since_ms,
            sort=sort,
            reverse=reverse,
            limit=page,
        )
        async for line in self._transport.pages("/v1/runs", query):
            yield line

    async def entries(self, run_id: str, *, after: int = 0) -> AsyncIterator[Entry]:
        """Lists the entries of a run's journal behind the one of this number, page after page."""
        async for entry in self._transport.pages(path("runs", run_id, "entries"), [("after", str(after))]):
            yield entry

    async def events(self, run_id: str, *, last_event_id: str | None = None) -> AsyncIterator[RunEvent]:
        """Follows a run: an event ``entry`` for each entry behind the last event, and in the end ``end`` with the run.

        A stream that breaks off goes on where it was, and no entry comes twice.
        """
        async for events in self._transport.follow(path("runs", run_id, "events"), last=last_event_id):
            for event in events:
                yield cast(RunEvent, {"event": event.name, "id": event.id, "data": json.loads(event.data)})
                if event.name == "end":
                    return

    async def changes(
        self,
        *,
        workflow: str | None = None,
        status: str | Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
        needs_me: bool | None = None,
        changed_since_ms: int | None = None,
        last_event_id: str | None = None,
    ) -> AsyncIterator[LineEvent]:
        """Follows the lines of all runs that these let through, as they change, without an end.

        Where the stream breaks off, a few lines may come again.
        """
        query = requests.query(
            labels=labels, status=status, workflow=workflow, needs_me=needs_me, changed_since_ms=changed_since_ms
        )
        async for events in self._transport.follow("/v1/events", query, last_event_id):
            for event in events:
                yield cast(LineEvent, {"event": event.name, "id": event.id, "data": json.loads(event.data)})

    async def wait(self, run_id: str, *, ended: bool = False, timeout_s: float | None = None) -> Run:
        """Waits until a run stands still: it has ended, or waits for a person, a time, a budget or another thing.

        With ``ended``, it waits until the run has ended.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        run, where = await self.get(run_id), path("runs", run_id, "events")
        if _is_over(run, ended):
            return run
        async with aclosing(self._transport.follow(where, until_s=until_s)) as stream:
            async for events in stream:
                for event in events:
                    if event.name == "end":
                        return cast(Run, json.loads(event.data))
                if events:
                    run = await self.get(run_id)
                if _is_over(run, ended):
                    return run
                _check_time(where, until_s)
        return await self.get(run_id)

    async def stop(self, run_id: str, *, reason: str | None = None, grace_ms: int | None = None) -> Run:
        """Ends a run, whatever it is doing; what is in flight has the grace to end."""
        return await self._change(run_id, "stop", without({"reason": reason, "grace_ms": grace_ms}))

    async def pause(self, run_id: str, *, reason: str | None = None, grace_ms: int | None = None) -> Run:
        """Lets a run begin nothing more until it is resumed."""
        return await self._change(run_id, "pause", without({"reason": reason, "grace_ms": grace_ms}))

    async def resume(self, run_id: str) -> Run:
        """Goes on with a run that was paused or interrupted."""
        return await self._change(run_id, "resume", {})

    async def add_to_budget(self, run_id: str, add: Amounts) -> Run:
        """Adds to the budget of a run, and goes on with it."""
        return await self._change(run_id, "budget", {"add": add})

    async def fork(
        self, run_id: str, *, after: int = 1, repeat: Iterable[str] = (), key: str | None = None
    ) -> Run:
        """Starts a new run that begins as this one stood after an entry, and asks and pays again from there.

        ``repeat`` names what this run has performed behind that entry and the fork may perform again; the server refuses
        a fork that does not name all of it, with the reason ``repeat``.
        """
        request = once(path("runs", run_id, "fork"), {"after": after, "repeat": [*repeat]}, key)
        return cast(Run, await self._transport.ask(request))

    async def graph(self, run_id: str) -> str:
        """Returns the states of the run's workflow as SVG, with the path that the run took."""
        return (await self._transport.send(get(path("runs", run_id, "graph.svg")))).text

    async def signal(self, run_id: str, name: str, payload: Any = None, *, key: str | None = None) -> Run:
        """Sends a run a signal; under the same key it is still one signal."""
        request = once(path("runs", run_id, "signals", name), {"payload": payload}, key)
        return cast(Run, await self._transport.ask(request))

    async def settle(
        self, run_id: str, key: str, found: Literal["done", "failed"], *, output: Any = None, comment: str | None = None
    ) -> Run:
        """Says what became of a call in doubt: it is done, and answered this, or it failed."""
        body = without({"found": found, "output": output, "comment": comment})
        return cast(Run, await self._transport.ask(post(path("runs", run_id, "settlements", key), body)))

    async def _change(self, run_id: str, what: str, body: Mapping[str, Any]) -> Run:
        return cast(Run, await self._transport.ask(post(path("runs", run_id, what), body)))


def _is_over(run: Run, ended: bool) -> bool:
    return run["status"] in ENDED if ended else run["status"] not in GOES_ON


class AsyncApprovals:
    """What people are asked, and what they decide. Who decides is the name of the token."""

    def __init__(self, transport: _AsyncTransport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        run: str | None = None,
        workflow: str | None = None,
        labels: Mapping[str, str] | None = None,
        page: int | None = None,
    ) -> AsyncIterator[Question]:
        """Lists the questions that wait for a person, the oldest run first; page after page, each of up to ``page`` runs."""
        query = requests.query(labels=labels, run=run, workflow=workflow, limit=page)
        async for question in self._transport.pages("/v1/approvals", query):
            yield question

    async def approve(
        self, question: Question, *, comment: str | None = None, remember: Mapping[str, Any] | None = None
    ) -> Run:
        """Lets the call of a question be made, once; with ``remember``, later calls with these arguments too."""
        return await self._decide(question, "approve", {"comment": comment, "remember": remember})

    async def deny(self, question: Question, *, comment: str | None = None) -> Run:
        """Lets the call of a question not be made."""
        return await self._decide(question, "deny", {"comment": comment})

    async def edit(self, question: Question, arguments: Mapping[str, Any], *, comment: str | None = None) -> Run:
        """Lets the call be made, once, with these arguments in place of its own."""
        return await self._decide(question, "edit", {"arguments": arguments, "comment": comment})

    async def respond(self, question: Question, response: str, *, comment: str | None = None) -> Run:
        """Answers in the tool's place."""
        return await self._decide(question, "respond", {"response": response, "comment": comment})

    async def _decide(self, question: Question, decision: str, more: Mapping[str, Any]) -> Run:
        return await self.decide(question["run_id"], question["key"], decision, seen=question["digest"], **without(more))

    async def decide(self, run_id: str, key: str, decision: str, *, seen: str, **more: Any) -> Run:
        """Decides on the question of a key, as it was seen: ``seen`` is its digest, or the first twelve digits of that."""
        body = {"decision": decision, "seen": seen, **more}
        return cast(Run, await self._transport.ask(post(path("runs", run_id, "approvals", key), body)))

    async def revoke(self, run_id: str, key: str) -> Run:
        """Lets an approval hold no longer for later calls."""
        return cast(Run, await self._transport.ask(Request("DELETE", path("runs", run_id, "approvals", key))))


class AsyncSandbox:
    """Code, each piece in a fresh sandbox and as a run of its own."""

    def __init__(self, transport: _AsyncTransport) -> None:
        self._transport = transport

    async def run(
        self,
        language: str,
        code: str,
        *,
        input: Any = None,
        tools: Iterable[str] = (),
        budget: Amounts | None = None,
        session: str | None = None,
        files: Mapping[str, bytes] | None = None,
        key: str | None = None,
        timeout_s: float | None = None,
    ) -> CodeRun:
        """Runs code, and returns its run once that stands still: the value is ``output``.

        Code that asks a person stands still with the status ``waiting``; after the decision, the same call under the same
        key returns how it ended.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        request, asked = _code(language, code, input, tools, budget, session, files, key), 0
        # 202: it takes longer than an answer may. Under its key it is asked about again, and not begun again.
        while (response := await self._transport.send(request)).status_code == 202:
            _check_time(path("runs", requests.document(response)["run_id"]), until_s)
            asked += 1
            await self._transport.pause(asked)
        return cast(CodeRun, requests.document(response))

    async def stream(
        self,
        language: str,
        code: str,
        *,
        input: Any = None,
        tools: Iterable[str] = (),
        budget: Amounts | None = None,
        session: str | None = None,
        files: Mapping[str, bytes] | None = None,
        key: str | None = None,
    ) -> AsyncIterator[CodeEvent]:
        """Runs code and follows it: ``run``, then ``output`` with lines as it writes them, and ``end`` with what ``run`` returns.

        A stream that ends before the code raises :class:`Unreachable`. The code goes on: ``run`` with the same key returns
        how it ended.
        """
        request, last = _code(language, code, input, tools, budget, session, files, key), ""
        async for events in self._transport.stream(request):
            for event in events:
                last = event.name
                yield cast(CodeEvent, {"event": event.name, "data": json.loads(event.data)})
        if last != "end":
            raise Unreachable("the stream has ended before the code, which goes on; run it again under its key to read how it ends")

    async def sessions(self) -> AsyncIterator[Session]:
        """Lists the sessions of code, page after page."""
        async for session in self._transport.pages("/v1/sessions", []):
            yield session

    async def session(self, name: str) -> AsyncIterator[SessionCell]:
        """Lists the pieces of code of a session, page after page."""
        async for cell in self._transport.pages(path("sessions", name), []):
            yield cell

    async def fork_session(self, name: str, to: str) -> Session:
        """Begins a session with the variables of another one; from then on neither sees what the other does."""
        return cast(Session, await self._transport.ask(post(path("sessions", name, "fork"), {"to": to})))

    async def remove_session(self, name: str) -> RemovedSession:
        """Removes a session, and the runs that only ran its code and that no other session needs."""
        return cast(RemovedSession, await self._transport.ask(Request("DELETE", path("sessions", name))))


def _code(
    language: str,
    code: str,
    input: Any,
    tools: Iterable[str],
    budget: Amounts | None,
    session: str | None,
    files: Mapping[str, bytes] | None,
    key: str | None,
) -> Request:
    held = {name: base64.b64encode(content).decode() for name, content in (files or {}).items()}
    body = {"language": language, "code": code, "input": input, "tools": [*tools]}
    return once("/v1/exec", body | without({"budget": budget, "session": session, "files": held or None}), key)


class AsyncTools:
    """The tools of the host."""

    def __init__(self, transport: _AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> builtins.list[Tool]:
        """Lists the tools, with their functions, schemas and grants."""
        return cast("list[Tool]", await self._transport.ask(get("/v1/tools")))

    async def get(self, name: str) -> Tool:
        """Returns all about a tool."""
        return cast(Tool, await self._transport.ask(get(path("tools", name))))

    async def upload(self, name: str, component: bytes) -> Tool:
        """Registers a component as a tool that is granted nothing. The same component may come again under its name."""
        request = Request("PUT", path("tools", name), repeatable=True, component=component)
        return cast(Tool, await self._transport.ask(request))

    async def call(self, name: str, function: str, arguments: Mapping[str, Any], *, key: str | None = None) -> ToolAnswer:
        """Calls a function once, outside of any run. It is not called again by itself: not every tool knows a key again."""
        request = Request("POST", path("tools", name, function), body=arguments, key=key or str(uuid.uuid4()))
        return cast(ToolAnswer, await self._transport.ask(request))


class AsyncLongTerm:
    """What agents remember beyond a run. A namespace is written ``TENANT/USER/AGENT``; the last names may be left out."""

    def __init__(self, transport: _AsyncTransport) -> None:
        self._transport = transport

    async def list(
        self, *, namespace: str | None = None, source: str | None = None, page: int | None = None
    ) -> AsyncIterator[Memory]:
        """Lists memories, the oldest first, page after page."""
        query = requests.query(namespace=namespace, source=source, limit=page)
        async for memory in self._transport.pages("/v1/memory", query):
            yield memory

    async def search(self, text: str, *, namespace: str | None = None, limit: int | None = None) -> builtins.list[Memory]:
        """Finds the memories of a namespace that fit a text best, the best first."""
        query = requests.query(text=text, namespace=namespace, limit=limit)
        return cast("list[Memory]", await self._transport.ask(get("/v1/memory/search", query)))

    async def keep(
        self,
        source: str,
        text: str,
        *,
        namespace: Namespace | None = None,
        labels: Iterable[Literal["untrusted", "private"]] = (),
        keep_ms: int | None = None,
    ) -> Remembered:
        """Keeps a text in pieces, in place of what there was of its source."""
        body = {"source": source, "text": text, "labels": [*labels]}
        body |= without({"namespace": namespace, "keep_ms": keep_ms})
        return cast(Remembered, await self._transport.ask(Request("PUT", "/v1/memory", body=body, repeatable=True)))

    async def forget(
        self,
        *,
        ids: Iterable[int] = (),
        source: str | None = None,
        run_id: str | None = None,
        all: bool | None = None,
        namespace: str | None = None,
    ) -> int:
        """Forgets memories, by one of ``ids``, ``source``, ``run_id`` and ``all``; returns how many it were."""
        query = requests.query(source=source, run=run_id, all=all, namespace=namespace)
        query += [("id", str(each)) for each in ids]
        answer = await self._transport.ask(Request("DELETE", "/v1/memory", query=tuple(query)))
        return cast(int, answer["forgotten"])


class AsyncStockade:
    """A client of a Stockade server, for asyncio.

    Without ``url`` and ``token`` they are those of ``STOCKADE_URL`` and ``STOCKADE_TOKEN``, or this machine's server without a
    token. ``http`` is a client of httpx with settings of its own, such as a proxy or certificates; it is closed with this one.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        retry: Retry | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._transport = _AsyncTransport(requests.url(url), token, retry or Retry(), http)
        self.runs = AsyncRuns(self._transport)
        self.approvals = AsyncApprovals(self._transport)
        self.sandbox = AsyncSandbox(self._transport)
        self.tools = AsyncTools(self._transport)
        self.memory = AsyncLongTerm(self._transport)

    async def workflows(self) -> list[str]:
        """Lists the names of the workflows."""
        return cast("list[str]", await self._transport.ask(get("/v1/workflows")))

    async def workflow(self, name: str) -> Graph:
        """Returns the states of a workflow."""
        return cast(Graph, await self._transport.ask(get(path("workflows", name))))

    async def budgets(self) -> AsyncIterator[SharedBudget]:
        """Lists how the budgets stand that runs share, page after page."""
        async for budget in self._transport.pages("/v1/budgets", []):
            yield budget

    async def check_ready(self) -> None:
        """Checks that the server can work.

        Raises what a request raises: a ``Problem`` where it cannot, ``Unreachable`` where it is not there.
        """
        await self._transport.send(get("/readyz"))

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
