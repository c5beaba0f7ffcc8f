"""Looks at a server from inside: connections that are checked out, and responses that wait for their reader."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import mean
from typing import Any, Final

from sqlalchemy import Pool

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
PATH: Final = "/watch"
PAUSE_SECONDS: Final = 0.02


class Watch:
    """An ASGI application around another.

    ``GET /watch`` returns what was seen since the last call: ``taken``, how many connections were checked out, on
    average and at most; ``blocked``, the greatest number of responses in the middle of a ``send``; ``busy``, the share
    of the time that the process spent on a processor.
    A ``send`` that does not have to wait is never seen, because it does not give way to the task that looks.
    """

    def __init__(self, app: Any, pool: Any) -> None:
        self._app = app
        self._pool: Pool = pool
        self._sending = 0
        self._taken: list[int] = []
        self._blocked: list[int] = []
        self._since = (time.monotonic(), time.process_time())

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            looking = asyncio.create_task(self._look())
            await self._app(scope, receive, send)
            looking.cancel()
        elif scope["path"] == PATH:
            await self._tell(send)
        else:
            await self._app(scope, receive, partial(self._pass_on, send))

    async def _pass_on(self, send: Send, message: Message) -> None:
        self._sending += 1
        try:
            await send(message)
        finally:
            self._sending -= 1

    async def _look(self) -> None:
        while True:
            self._taken.append(self._pool.checkedout())  # type: ignore[attr-defined]
            self._blocked.append(self._sending)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _tell(self, send: Send) -> None:
        body = json.dumps(self._told()).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _told(self) -> dict[str, float]:
        taken, blocked, since, now = self._taken, self._blocked, self._since, (time.monotonic(), time.process_time())
        self._taken, self._blocked, self._since = [], [], now
        return {
            "taken_mean": mean(taken or [0]),
            "taken_most": max(taken, default=0),
            "blocked_most": max(blocked, default=0),
            "busy": (now[1] - since[1]) / (now[0] - since[0]),
        }
