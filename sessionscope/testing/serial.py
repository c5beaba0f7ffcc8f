"""Serves one request at a time, when all requests share one transaction."""

import asyncio
import logging
import time
from threading import Lock
from typing import Any, Final

PATIENCE_SECONDS: Final = 10
logger = logging.getLogger(__name__)


class OneAtATime:
    """Wraps an ASGI application, and serves its requests one after the other.

    Two sessions can't use one connection at the same time. To test concurrency, use database mode.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._lock = Lock()
        self.enabled = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Wait for the turn of one request, and serve it."""
        if scope["type"] != "http" or not self.enabled:
            await self._serve(scope, receive, send)
            return
        await self._wait_for_turn()
        try:
            await self._serve(scope, receive, send)
        finally:
            self._lock.release()

    async def _wait_for_turn(self) -> None:
        # Clients in different loops and threads may wait here, so an asyncio lock would not work.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._lock.acquire(blocking=False):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    "in transaction mode, requests are served one after the other, and the previous one has not "
                    "ended: mark the test with isolation('database')"
                )
            await asyncio.sleep(0.001)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:
            # The client gets a 500, as in production. The log shows the reason in the test's output.
            logger.exception("the application raised")
            raise
