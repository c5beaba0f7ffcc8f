"""One request at a time, where all of them share one transaction."""

import asyncio
import logging
import time
from threading import Lock
from typing import Any, Final

PATIENCE_SECONDS: Final = 10
logger = logging.getLogger(__name__)


class OneAtATime:
    """An ASGI application around another, which serves requests one after the other.

    Two sessions can't use one connection at the same time: code whose concurrency is
    under test wants a database of its own.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._lock = Lock()
        self.enabled = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request when its turn has come."""
        if scope["type"] != "http" or not self.enabled:
            await self._serve(scope, receive, send)
            return
        await self._wait_for_turn()
        try:
            await self._serve(scope, receive, send)
        finally:
            self._lock.release()

    async def _wait_for_turn(self) -> None:
        # Clients of different loops and threads may wait here, which no asyncio lock allows.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._lock.acquire(blocking=False):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    "in one transaction requests are served one after the other, and the one before does not end: "
                    "mark the test with isolation('database')"
                )
            await asyncio.sleep(0.001)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:
            # The client sees a 500, as a real one would; the test's output shows why.
            logger.exception("the application raised")
            raise
