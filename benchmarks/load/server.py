"""A process that serves an application: ``python -m benchmarks.load.server FACTORY SOCKET``.

It says when it has started, and ends when there is nothing more to read: also when who started it was killed.
"""

import logging
import os
import socket
import sys
import threading
from importlib import import_module
from typing import Any, Final

import uvicorn

# Named, for uvicorn would take faster ones where they happen to be installed.
LOOP: Final = "asyncio"
PARSER: Final = "h11"
OPTIONS: Final[dict[str, Any]] = {
    "factory": True,
    "loop": LOOP,
    "http": PARSER,
    "ws": "none",
    "lifespan": "on",
    "access_log": False,
    "log_level": "warning",
    "timeout_graceful_shutdown": 1,
}


def build() -> Any:
    """Return the application of the peer that the environment names."""
    return import_module(f"benchmarks.peers.{os.environ['BENCH_PEER']}").build(os.environ["BENCH_URL"])


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("started", flush=True)

    def end_with_input(self) -> None:
        sys.stdin.read()
        # Requests that are cut off at the end need no line.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.should_exit = True


def main() -> None:
    """Serve on a socket that is bound already."""
    factory, descriptor = sys.argv[1:]
    server = _Server(uvicorn.Config(factory, **OPTIONS))
    threading.Thread(target=server.end_with_input, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=int(descriptor))])


if __name__ == "__main__":
    main()
