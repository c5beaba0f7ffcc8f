"""Ends a server process: idle clients don't delay the end, and no worker outlives its parent."""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Final

import uvicorn

logger = logging.getLogger(__name__)

# When the server begins to end, a body that is still arriving has this long to complete.
UPLOAD_SECONDS: Final = 1.0


class GivesUpUploads(asyncio.Protocol):
    """A part of a protocol that gives up requests whose body is still incomplete when the server ends.

    Otherwise uvicorn would wait for such a request, because it is in flight. The attributes that `shutdown` uses are
    not documented. They were tested with uvicorn 0.54.
    """

    cycle: Any
    transport: Any

    def shutdown(self) -> None:
        """End the connection: at once if it is idle, otherwise after its request."""
        parser: Any = super()
        parser.shutdown()
        asyncio.get_running_loop().call_later(UPLOAD_SECONDS, self.give_up_upload)

    def give_up_upload(self) -> None:
        """Close the connection if the body of its request is incomplete. The application sees a disconnect."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self.transport.close()


class EndingServer(uvicorn.Server):
    """A server that ends at once on a second Ctrl-C.

    uvicorn would cancel the running requests, report each of them as an error, and wait for the drivers' threads.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down gracefully, or at once on a second Ctrl-C. Then the database rolls back open transactions."""
        if self.should_exit and sig == signal.SIGINT:
            end_at_once()
        super().handle_exit(sig, frame)


def end_at_once(*_: object) -> None:
    """End this process without waiting for anything, with the exit code of Ctrl-C."""
    os._exit(128 + signal.SIGINT)


def follow_parent() -> None:
    """Let the parent process decide when this one ends, and shut down gracefully if the parent is gone.

    Ctrl-C reaches both processes, so this one ignores it and waits for the parent's signal. In a process that
    multiprocessing did not start, this function does nothing.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_after, args=(parent,), name="parent-watch", daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    logger.warning("the parent process is gone: ending")
    os.kill(os.getpid(), signal.SIGTERM)
