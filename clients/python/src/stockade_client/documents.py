"""What the server is sent and answers, as it is in JSON. Documents of a newer server may have further members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

#: What a run is doing.
Status = Literal["running", "interrupted", "waiting", "suspended", "paused", "done", "failed", "stopped"]

#: What has to come before a run goes on.
WaitingFor = Literal["person", "settlement", "signal", "result", "runs", "time", "budget", "resume"]

#: What a person decides.
Verdict = Literal["approved", "denied", "edited", "responded"]

#: Amounts by currency: numbers of its own unit, or texts with one, as in ``{"steps": 3, "money": "$1.50"}``.
Amounts = Mapping[str, int | str]


class Fault(TypedDict):
    """An error of a run, of a call or of code."""

    kind: str
    message: str
    detail: NotRequired[str]
    limit: NotRequired[str]
    allowed: NotRequired[int]
    used: NotRequired[int]
    hint: NotRequired[Any]
    tool: NotRequired[str]
    call_id: NotRequired[str]


class Usage(TypedDict, total=False):
    """What was spent, or may be."""

    fuel: int
    memory_bytes_peak: int
    wall_us: int
    steps: int
    tool_calls: int
    model_calls: int
    tokens: int
    money_micros: int
    journal_bytes: int


class Stop(TypedDict):
    """Who stopped or paused a run, and why."""

    by: str
    reason: NotRequired[str]


class Decision(TypedDict):
    """A person's answer to a question."""

    by: str
    verdict: Verdict
    comment: NotRequired[str]
    arguments: NotRequired[dict[str, Any]]
    response: NotRequired[str]
    remember: NotRequired[dict[str, Any]]
    repeats: NotRequired[str]


class Approval(TypedDict):
    """A question to a person about one exact call, decided or not."""

    key: str
    reason: str
    tool: str
    function: str
    arguments: dict[str, Any]
    digest: str
    decisions: list[Verdict]
    decision: Decision | None
    notes: NotRequired[list[str]]
    terms: NotRequired[list[dict[str, Any]]]
    votes: NotRequired[list[Decision]]
    reminded_ms: NotRequired[int]
    escalated_ms: NotRequired[int]
    expires_ms: NotRequired[int]
    expired_ms: NotRequired[int]
    revoked_by: NotRequired[str]


class Question(Approval):
    """A question that waits for a person, with its run."""

    run_id: str
    workflow: str
    waits_ms: int


class Run(TypedDict):
    """All about a run."""

    run_id: str
    workflow: str
    status: Status
    state: str | None
    input: Any
    output: Any
    error: Fault | None
    stop: Stop | None
    start_key: str | None
    labels: dict[str, str]
    unknown: list[str]
    approvals: list[Approval]
    doubts: list[dict[str, Any]]
    waits: list[dict[str, Any]]
    usage: Usage
    budget: Usage
    log: list[str]
    due_ms: NotRequired[int]
    parent: NotRequired[dict[str, Any]]
    children: NotRequired[list[dict[str, Any]]]
    undone: NotRequired[list[dict[str, Any]]]


class CodeCall(TypedDict):
    """A call that code made."""

    tool: str
    function: str
    arguments: dict[str, Any]
    output: NotRequired[Any]
    error: NotRequired[Fault]
    usage: NotRequired[Usage]


class CodeRun(Run):
    """A run of one piece of code: its value is ``output``."""

    stdout: str
    stderr: str
    tool_calls: list[CodeCall]
    exception: NotRequired[dict[str, Any]]
    files: NotRequired[list[str]]


class RunLine(TypedDict):
    """One line about a run."""

    run_id: str
    workflow: str
    status: Status
    state: str
    updated_ms: int
    start_key: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    waiting_for: NotRequired[list[WaitingFor]]
    waits_for: NotRequired[list[str]]
    damaged: NotRequired[str]


class Entry(TypedDict):
    """One entry of a run's journal. Each kind of change has members of its own beside these."""

    run: str
    seq: int
    at_ms: int
    change: str
    key: NotRequired[str]


class EntryEvent(TypedDict):
    """An entry was committed."""

    event: Literal["entry"]
    id: str
    data: Entry


class EndEvent(TypedDict):
    """The run has ended: the last event."""

    event: Literal["end"]
    id: str
    data: Run


class LineEvent(TypedDict):
    """The line of a run has changed."""

    event: Literal["run"]
    id: str
    data: RunLine


#: What a follower of one run sees.
RunEvent = EntryEvent | EndEvent


class CodeBegunEvent(TypedDict):
    """Code has begun, or goes on elsewhere: its run."""

    event: Literal["run"]
    data: Run


class Written(TypedDict):
    """What code wrote to one of its outputs."""

    stream: Literal["stdout", "stderr"]
    text: str


class WrittenEvent(TypedDict):
    """Code wrote something."""

    event: Literal["output"]
    data: Written


class CodeEndEvent(TypedDict):
    """Code stands still: the last event."""

    event: Literal["end"]
    data: CodeRun


#: What a follower of code sees.
CodeEvent = CodeBegunEvent | WrittenEvent | CodeEndEvent


class Session(TypedDict):
    """A session of code."""

    session: str


class SessionCell(TypedDict):
    """A piece of code of a session: the run that it is of."""

    number: int
    run_id: str
    key: str


class RemovedSession(TypedDict):
    """What became of a session that was removed, and of the runs of its code."""

    session: str
    cells: int
    removed: list[str]
    kept: list[str]


class Tool(TypedDict):
    """A tool that is a component."""

    name: str
    digest: str
    functions: list[dict[str, Any]]
    size: NotRequired[int]
    imports: NotRequired[list[str]]
    asks: NotRequired[list[str]]
    grants: NotRequired[list[Any]]
    repeatable: NotRequired[bool]
    manifest: NotRequired[dict[str, Any] | None]


class ToolAnswer(TypedDict):
    """What one call of a tool has answered."""

    tool: str
    function: str
    output: Any
    usage: Usage
    stdout: str
    stderr: str
    log: list[dict[str, Any]]
    idempotency_key: str


class Namespace(TypedDict, total=False):
    """Whose memories these are."""

    tenant: str
    user: str
    agent: str


class Memory(TypedDict):
    """Something that is kept in the long-term memory; in a list, its score is 0."""

    id: int
    text: str
    at_ms: int
    score: int
    source: NotRequired[str]
    labels: NotRequired[list[Literal["untrusted", "private"]]]
    written_by: NotRequired[list[str]]
    namespace: NotRequired[Namespace]
    also_in: NotRequired[list[str]]
    expires_ms: NotRequired[int]


class Remembered(TypedDict):
    """The numbers of what was kept, and of what was there before."""

    kept: list[int]
    known: list[int]


class Graph(TypedDict):
    """The states of a workflow."""

    initial: str
    states: list[dict[str, Any]]


class SharedBudget(TypedDict):
    """How a budget stands that runs share."""

    name: str
    period: str
    group: str
    taken: Usage
    limit: dict[str, int]
