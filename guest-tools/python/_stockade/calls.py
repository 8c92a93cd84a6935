"""Calls of tools. A plain call is made at once. One that stands where it is awaited goes to the host with the others of its
kind: when nothing else of the code can run, before the next plain call, or at the end of the cell. So does one that a pool of
threads was given. The host gets all calls in the order in which the code made them."""

import json
import sys
import types
from asyncio import CancelledError, events
from collections.abc import Coroutine

from componentize_py_types import Err, Ok
from wit_world.imports import tools


class ToolError(Exception):
    """A tool that was called says so, or the sandbox refuses the call."""

    def __init__(self, kind, message, detail=None):
        super().__init__(message)
        self.kind, self.message, self.detail = kind, message, detail


ToolError.__module__ = "__main__"

# What the code has called and the host has not heard of yet.
asked = []


class Call(Coroutine):
    """A call of a tool, which has an answer once it is made. The code can but await it."""

    answer = error = place = future = steps = heard = None

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments
        sys.stdout.flush()
        asked.append(self)

    def answered(self, answer):
        self.answer = answer
        future = self.future
        if future is not None and not future.done() and not future.get_loop().is_closed():
            future.set_result(None)
        if self.heard is not None:
            self.heard()

    def result(self):
        """What the tool said, as often as it is asked for."""
        if isinstance(self.answer, Ok):
            return json.loads(self.answer.value)
        if self.error is None:
            self.error = error_of(self.answer.value)
        # The place of the call in the code, where that is not on the stack any more.
        raise self.error.with_traceback(self.place) from None

    def __await__(self):
        if self.answer is None and self.error is None:
            loop = events._get_running_loop()
            if others_can_run(loop):
                if self.future is None or self.future.done():
                    self.future = loop.create_future()
                try:
                    yield from self.future
                except CancelledError:
                    self.give_up()
                    raise
            else:
                make_all()
        return self.result()

    def send(self, value):
        return self.step("send", value)

    def throw(self, *error):
        self.give_up()
        return self.step("throw", *error)

    def close(self):
        self.give_up()
        if self.steps is not None:
            self.steps.close()

    def give_up(self):
        """A call that is cancelled before the host has it is not made, as by a timeout; but at the end of a loop, which cancels
        what the code did not wait for."""
        if self in asked and not getattr(events._get_running_loop(), "ends", False):
            asked.remove(self)
            self.error = RuntimeError(f"the call of {self.name} was cancelled before it was made")

    def step(self, how, *given):
        if self.steps is None:
            self.steps = self.__await__()
        try:
            return getattr(self.steps, how)(*given)
        except BaseException:
            # Where it is awaited again, it has its answer again.
            self.steps = None
            raise


class Refused(Call):
    """A call that cannot be made, because of its arguments: its error waits with it."""

    def __init__(self, error):
        self.error = error


def others_can_run(loop):
    """Whether a loop that makes calls has something else to do, or may have: a task may begin in the midst of another. Those
    that wait for other calls go on in their order."""
    return getattr(loop, "makes_calls", False) and bool(loop._ready or len(asked) > 1 or loop._task_factory)


def later(name, arguments):
    """A call that is awaited where it stands; `arguments` returns their JSON."""
    try:
        return Call(name, arguments())
    except Exception as error:
        return Refused(error)


def placed(ask):
    """A function that asks for a call which is awaited elsewhere than it stands in the code."""

    def asking(*args, **kwargs):
        call, frame = ask(*args, **kwargs), sys._getframe(1)
        call.place = types.TracebackType(None, frame, frame.f_lasti, frame.f_lineno)
        return call

    return asking


def now(name, arguments):
    """Makes a call at once, behind those that were asked for."""
    if asked:
        call = Call(name, arguments)
        make_all()
        return call.result()
    sys.stdout.flush()
    try:
        answer = tools.call(name, arguments)
    except Err as error:
        failed = error_of(error.value)
    else:
        return json.loads(answer)
    raise failed from None


def make_all():
    """Makes the calls that were asked for; returns whether there were any."""
    calls = asked[:]
    asked.clear()
    for call, answer in zip(calls, answers(calls)):
        call.answered(answer)
    return bool(calls)


def answers(calls):
    if len(calls) > 1:
        return tools.call_all([(call.name, call.arguments) for call in calls])
    try:
        return [Ok(tools.call(call.name, call.arguments)) for call in calls]
    except Err as error:
        return [error]


def end():
    """Makes at the end of a cell what it called and did not stay for, and tells of what failed then."""
    calls = asked[:]
    make_all()
    for call in calls:
        if isinstance(call.answer, Err):
            print(f"{call.name}() failed, and the code did not wait for it: {call.answer.value.message}", file=sys.stderr)


def error_of(failed):
    return ToolError(failed.kind, failed.message, detail(failed.detail))


def detail(text):
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
