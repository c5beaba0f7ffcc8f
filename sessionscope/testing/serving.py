"""A real HTTP server for tests, in its own thread."""

import asyncio
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from sessionscope.fastapi.server.http_parser import http_protocol

START_SECONDS = 10


@dataclass(frozen=True)
class Server:
    """The address of a test's server."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL without a trailing slash."""
        return f"http://{self.host}:{self.port}"


@contextmanager
def serving(app: Any, http: type[asyncio.Protocol] | str | None = None) -> Generator[Server, None, None]:
    """Serve *app* on a free loopback port until the block ends, with the same event loop as the ``serve`` command.

    Args:
        app: An ASGI application.
        http: The parser, as for `uvicorn.Config`. By default, the parser of the ``serve`` command.
    """
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=http or http_protocol(), log_config=None, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        yield Server(host, port)
    finally:
        server.should_exit = True
        thread.join()
