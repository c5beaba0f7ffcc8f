"""Calling an ASGI application as a server does, without HTTP in between."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

from benchmarks.requests.field import Request

Message = dict[str, Any]
CONCURRENCY: Final = 16


class Exchange:
    """One request, and the response to it."""

    __slots__ = ("_done", "_request", "body", "status")

    def __init__(self, request: Request) -> None:
        self._request: Request | None = request
        self._done: asyncio.Event | None = None
        self.status = 0
        self.body = b""

    async def receive(self) -> Message:
        request, self._request = self._request, None
        if request is not None:
            return {"type": "http.request", "body": request.body, "more_body": False}
        # The client stays until it has its response.
        self._done = asyncio.Event()
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.body += message.get("body", b"")
        if not message.get("more_body") and self._done is not None:
            self._done.set()


async def ask(app: Any, request: Request, state: Message) -> Exchange:
    """Return the response; anything but a success is an error."""
    exchange = Exchange(request)
    await app(_scope(request, state), exchange.receive, exchange.send)
    if exchange.status not in (200, 201):
        raise RuntimeError(f"{request.method} {request.path}: {exchange.status} {exchange.body.decode()}")
    return exchange


async def ask_all(app: Any, requests: Iterable[Request], state: Message, concurrency: int = CONCURRENCY) -> None:
    """Ask for *requests*, so many at a time, each in a task of its own, as a server has it."""
    rest = iter(requests)
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(_ask_rest(app, rest, state))


async def _ask_rest(app: Any, rest: Iterator[Request], state: Message) -> None:
    for request in rest:
        await asyncio.create_task(ask(app, request, state))


def _scope(request: Request, state: Message) -> Message:
    length = str(len(request.body)).encode()
    body = [(b"content-type", b"application/json"), (b"content-length", length)] if request.body else []
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "headers": [(b"host", b"127.0.0.1:8000"), (b"accept", b"*/*"), (b"user-agent", b"bench"), *body],
        "state": state.copy(),
    }


class Lifespan:
    """The start and the end of an application, as a server asks for them."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self.state: Message = {}

    async def start(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.create_task(self._app(scope, self._receive, self._heard.put))
        await self._say("lifespan.startup")

    async def end(self) -> None:
        await self._say("lifespan.shutdown")
        await self._task

    async def _say(self, what: str) -> None:
        await self._said.put(what)
        answer = asyncio.create_task(self._heard.get())
        await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() or answer.result()["type"] != f"{what}.complete":
            raise RuntimeError(f"{what}: {answer.result() if answer.done() else self._task.exception()}")

    async def _receive(self) -> Message:
        return {"type": await self._said.get()}
