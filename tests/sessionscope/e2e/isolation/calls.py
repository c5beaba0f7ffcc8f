"""Ways for a request to be made, and to end: each calls one path for a whole crowd."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from anyio import CancelScope
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from sessionscope.testing.serving import Server, serving
from tests.sessionscope.e2e.isolation.crowd import FIRST, Crowd, Gate

# The status of each response, None where there was none.
Responses = list[int | None]
Call = Callable[[FastAPI, Crowd, str], Awaitable[Responses]]


def over_http(client: Callable[[Server, Crowd, str], Awaitable[int | None]]) -> Call:
    """Return the call that runs *client* once per request, all at once, against a real server."""

    async def call(app: FastAPI, crowd: Crowd, path: str) -> Responses:
        watched = Watched(app, crowd)
        with serving(watched) as server:
            responses = await asyncio.gather(*(client(server, crowd, f"{path}?number={n}") for n in range(crowd.size)))
            await watched.all_ended()
        return responses

    return call


async def read_response(server: Server, crowd: Crowd, path: str) -> int | None:  # noqa: ARG001
    """Read the whole response; None where it broke off."""
    reader, writer = await _request(server, path)
    response = await reader.read()
    writer.close()
    status = int(response.split(b" ", 2)[1])
    return status if status != 200 or b"done" in response else None


async def leave_stream(server: Server, crowd: Crowd, path: str) -> None:  # noqa: ARG001
    """Break the connection when the stream has begun."""
    reader, writer = await _request(server, path)
    with suppress(asyncio.IncompleteReadError):
        await reader.readuntil(b"done")
    writer.transport.abort()


async def leave_endpoint(server: Server, crowd: Crowd, path: str) -> None:
    """Break the connection while the endpoint runs."""
    _, writer = await _request(server, path)
    await crowd.everyone.async_wait()
    writer.transport.abort()


async def exchange_messages(server: Server, crowd: Crowd, path: str) -> int | None:  # noqa: ARG001
    """Send two messages over a WebSocket, and read the two answers; None where they don't come."""
    try:
        async with connect(f"ws://{server.host}:{server.port}{path}") as socket:
            for message in ("first message", "second message"):
                await socket.send(message)
                await socket.recv()
    except ConnectionClosed:
        return None
    return 101


async def cancel_tasks(app: FastAPI, crowd: Crowd, path: str) -> Responses:
    """Cancel the task of each request, as an event loop does."""
    async with app.router.lifespan_context(app):
        watched = Watched(app, crowd)
        tasks = [asyncio.create_task(call_in_process(watched, f"{path}?number={n}")) for n in range(crowd.size)]
        return await _end_each(crowd, [task.cancel for task in tasks], tasks)


async def cancel_scopes(app: FastAPI, crowd: Crowd, path: str) -> Responses:
    """Cancel the anyio scope around each request, as frameworks do."""
    async with app.router.lifespan_context(app):
        watched = Watched(app, crowd)
        scopes = [CancelScope() for _ in range(crowd.size)]
        tasks = [
            asyncio.create_task(call_in_process(watched, f"{path}?number={n}", scopes[n])) for n in range(crowd.size)
        ]
        return await _end_each(crowd, [scope.cancel for scope in scopes], tasks)


class Watched:
    """An application that tells a crowd when a request of it has ended."""

    def __init__(self, app: FastAPI, crowd: Crowd) -> None:
        self._app, self._crowd = app, crowd
        self._ended = [Gate() for _ in range(crowd.size)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        number = int(scope["query_string"].removeprefix(b"number="))
        try:
            await self._app(scope, receive, send)
        finally:
            self._crowd.leave(number)
            self._ended[number].open()

    async def all_ended(self) -> None:
        """Wait until every request has: a client may know earlier."""
        await asyncio.gather(*(ended.async_wait() for ended in self._ended))


async def _request(server: Server, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    return reader, writer


async def call_in_process(app: Any, path: str, cancelled: CancelScope | None = None) -> None:
    """Call *app* in this task, without a server; the response is not looked at."""
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": query.encode()}
    with cancelled or CancelScope():
        await app(scope, _nothing_more, _ignore)


async def _end_each(crowd: Crowd, cancels: list[Callable[[], object]], tasks: list[asyncio.Task[None]]) -> Responses:
    """Cancel the first request in the middle of its work, then the others."""
    for some in ([FIRST], range(crowd.size)):
        await asyncio.gather(*(crowd.settled[n].async_wait() for n in some))
        for n in some:
            cancels[n]()
        await asyncio.sleep(0)
        for n in some:
            # A thread can't be cancelled: it goes on to its end.
            crowd.endings[n].open()
        await asyncio.wait([tasks[n] for n in some])
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    return [500 if isinstance(end, Exception) else None for end in ends]


async def _nothing_more() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _ignore(message: Any) -> None:
    pass
