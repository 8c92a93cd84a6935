"""A2A by its own Python SDK, against a real server: `tests/clients` starts one, and installs the SDK."""

from __future__ import annotations

import asyncio
import os
import unittest
from typing import Any
from uuid import uuid4

import httpx
from a2a.client.client import Client, ClientConfig
from a2a.client.client_factory import ClientFactory
from a2a.client.errors import A2AClientError
from a2a.helpers.proto_helpers import get_data_parts, get_stream_response_text, get_text_parts, new_data_part
from a2a.types import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    InvalidParamsError,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskNotCancelableError,
    TaskNotFoundError,
    TaskState,
    UnsupportedOperationError,
)

URL = os.environ["STOCKADE_URL"]
ADMIN, BOT = os.environ["STOCKADE_TOKEN"], os.environ["STOCKADE_BOT_TOKEN"]
PLEA = "user_789 wants a refund of the Starter License"
RETURNED = "A manager has made it $49.00, which is on its way."
COMPLETED, CANCELED = TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_CANCELED
WORKING, ASKS = TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_INPUT_REQUIRED


def http(token: str | None = None, **more: Any) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(headers=headers, timeout=60, **more)


def message(*parts: Part, task: str = "", skill: str = "", id: str | None = None) -> SendMessageRequest:
    said = Message(message_id=id or str(uuid4()), task_id=task, role=Role.ROLE_USER, parts=parts)
    request = SendMessageRequest(message=said)
    if skill:
        request.metadata.update({"skill": skill})
    return request


def state(response: StreamResponse) -> TaskState:
    told = response.task if response.HasField("task") else response.status_update
    return told.status.state


async def rpc(client: httpx.AsyncClient, method: str, **more: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {}}
    answer = await client.post(f"{URL}/v1/a2a", **{"json": body, "headers": {"A2A-Version": "1.0"}, **more})
    return answer.json()["error"]["code"]


class A2A(unittest.IsolatedAsyncioTestCase):
    async def client(self, agent: str = "", token: str = BOT, streaming: bool = True) -> Client:
        connection = http(token)
        self.addAsyncCleanup(connection.aclose)
        config = ClientConfig(httpx_client=connection, streaming=streaming)
        return await ClientFactory(config).create_from_url(URL + agent)

    async def one(self, client: Client, request: SendMessageRequest) -> Task:
        responses = [response async for response in client.send_message(request)]
        self.assertEqual(len(responses), 1, responses)
        return responses[0].task

    async def asked(self) -> Task:
        """Starts an agent that asks before it pays, and returns its task."""
        task = await self.one(await self.client("/v1/a2a/desk", streaming=False), message(Part(text=PLEA)))
        self.assertEqual(task.status.state, ASKS, task)
        return task

    async def decide(self, task: Task) -> None:
        """Decides as a person does, on the server's own interface."""
        async with http(ADMIN) as person:
            questions = (await person.get(f"{URL}/v1/approvals?run={task.id}")).json()
            question = next(question for question in questions if question["run_id"] == task.id)
            body = {"decision": "approve", "seen": question["digest"]}
            answer = await person.post(f"{URL}/v1/runs/{task.id}/approvals/{question['key']}", json=body)
            self.assertEqual(answer.status_code, 200, answer.text)

    async def test_a_card_names_the_skills_to_a_client_with_a_token_alone(self) -> None:
        async with http() as stranger:
            card = (await stranger.get(f"{URL}/.well-known/agent-card.json")).json()
        self.assertEqual((card["skills"], card["supportedInterfaces"][0]["url"]), ([], f"{URL}/v1/a2a"))
        client = await self.client()
        card = await client.get_extended_agent_card(GetExtendedAgentCardRequest())
        self.assertLessEqual({"desk", "refund"}, {skill.id for skill in card.skills})
        self.assertEqual(card.security_schemes["token"].http_auth_security_scheme.scheme, "bearer")
        one = await (await self.client("/v1/a2a/desk")).get_extended_agent_card(GetExtendedAgentCardRequest())
        self.assertEqual([skill.id for skill in one.skills], ["desk"])

    async def test_a_message_is_a_run_of_the_skill_that_it_names_and_once_however_often_it_is_sent(self) -> None:
        client = await self.client(streaming=False)
        data = new_data_part({"user_id": "user_789", "request": "not what I expected"})
        request = message(data, skill="refund")
        task = await self.one(client, request)
        self.assertEqual(task.status.state, COMPLETED, task)
        self.assertIn("outcome", get_data_parts(task.artifacts[0].parts)[0])
        self.assertEqual((await self.one(client, request)).id, task.id)
        again = await client.get_task(GetTaskRequest(id=task.id))
        self.assertEqual((again.status.state, again.context_id, again.artifacts), (COMPLETED, task.context_id, task.artifacts))
        with self.assertRaises(InvalidParamsError):
            await self.one(client, message(data))
        with self.assertRaises(UnsupportedOperationError):
            await self.one(client, message(data, task=task.id))

    async def test_a_task_that_asks_names_where_a_person_decides_and_goes_on_with_the_decision(self) -> None:
        client = await self.client("/v1/a2a/desk")
        events = [event async for event in client.send_message(message(Part(text=PLEA)))]
        self.assertTrue(events[0].HasField("task"))
        task = events[0].task
        self.assertEqual(state(events[-1]), ASKS, events)
        last = events[-1].task if len(events) == 1 else events[-1].status_update
        said, asked = get_text_parts(last.status.message.parts)[0], get_data_parts(last.status.message.parts)[0]
        self.assertIn(f"{URL}/inbox#q-{task.id}-", said)
        self.assertEqual((asked["function"], asked["arguments"]["amount_cents"]), ("refund", 7900))

        with self.assertRaisesRegex(A2AClientError, "403"):
            yes = {"approval": asked["approval"], "decision": "approve", "seen": asked["digest"]}
            await self.one(await self.client(streaming=False), message(new_data_part(yes), task=task.id))
        waiting = await client.get_task(GetTaskRequest(id=task.id))
        self.assertEqual(waiting.status.state, ASKS)

        events, begun = [], asyncio.Event()

        async def follow() -> None:
            async for event in client.subscribe(SubscribeToTaskRequest(id=task.id)):
                events.append(event)
                begun.set()

        following = asyncio.create_task(follow())
        await begun.wait()
        await self.decide(task)
        await following
        self.assertEqual((state(events[0]), state(events[-1])), (ASKS, COMPLETED), events)
        self.assertEqual([get_stream_response_text(event) for event in events if event.HasField("artifact_update")], [RETURNED])
        with self.assertRaises(UnsupportedOperationError):
            await follow()

    async def test_an_approver_decides_through_a_message_and_a_text_decides_nothing(self) -> None:
        task = await self.asked()
        asked = get_data_parts(task.status.message.parts)[0]
        approver = await self.client(token=ADMIN, streaming=False)
        with self.assertRaisesRegex(InvalidParamsError, "a decision is a part"):
            await self.one(approver, message(Part(text="yes, approve it"), task=task.id))
        stale = {"approval": asked["approval"], "decision": "approve", "seen": "sha256:000000000000"}
        with self.assertRaises(UnsupportedOperationError):
            await self.one(approver, message(new_data_part(stale), task=task.id))
        yes = new_data_part({**stale, "seen": asked["digest"]})
        done = await self.one(approver, message(yes, task=task.id))
        self.assertEqual((done.id, done.status.state), (task.id, COMPLETED), done)

    async def test_a_task_is_canceled_once(self) -> None:
        task, client = await self.asked(), await self.client("/v1/a2a/desk")
        canceled = await client.cancel_task(CancelTaskRequest(id=task.id))
        self.assertEqual(canceled.status.state, CANCELED)
        with self.assertRaises(TaskNotCancelableError):
            await client.cancel_task(CancelTaskRequest(id=task.id))

    async def test_a_task_that_there_is_not_or_that_is_of_another_agent_is_not_found(self) -> None:
        client = await self.client()
        for id in [str(uuid4()), "7"]:
            with self.assertRaises(TaskNotFoundError):
                await client.get_task(GetTaskRequest(id=id))
        task = await self.asked()
        other = await self.client("/v1/a2a/refund")
        with self.assertRaises(TaskNotFoundError):
            await other.get_task(GetTaskRequest(id=task.id))
        with self.assertRaises(UnsupportedOperationError):
            await client.list_tasks(ListTasksRequest())
        await client.cancel_task(CancelTaskRequest(id=task.id))

    async def test_what_is_no_call_is_answered_with_the_number_of_its_error(self) -> None:
        async with http(BOT) as client:
            self.assertEqual(await rpc(client, "tasks/get"), -32601)
            self.assertEqual(await rpc(client, "GetTask"), -32602)
            self.assertEqual(await rpc(client, "CreateTaskPushNotificationConfig"), -32003)
            self.assertEqual(await rpc(client, "GetTask", headers={}), -32009)
            self.assertEqual(await rpc(client, "GetTask", json=[]), -32600)
            headers = {"A2A-Version": "1.0", "Content-Type": "application/json"}
            self.assertEqual(await rpc(client, "GetTask", json=None, content="{", headers=headers), -32700)
            long = await client.post(f"{URL}/v1/a2a", content="x" * (3 << 20), headers=headers)
            self.assertEqual((long.status_code, long.json()["limit"]), (413, "body_bytes"))
        async with http() as stranger:
            self.assertEqual((await stranger.post(f"{URL}/v1/a2a", json={})).status_code, 401)


if __name__ == "__main__":
    unittest.main()
