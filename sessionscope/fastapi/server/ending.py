"""How a server process ends: nobody who sends nothing holds it up, and no worker outlives its parent."""

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

# How long a request whose body is still arriving has when the server begins to end.
UPLOAD_SECONDS: Final = 1.0


class GivesUpUploads(asyncio.Protocol):
    """The part of a connection that gives up a request whose body doesn't arrive, once the server ends.

    To the server it is a request in flight, which it would wait for. What `shutdown` looks at is not in uvicorn's
    documentation; tried with 0.54.
    """

    cycle: Any
    transport: Any

    def shutdown(self) -> None:
        """End the connection: at once where it is idle, else after its request."""
        parser: Any = super()
        parser.shutdown()
        asyncio.get_running_loop().call_later(UPLOAD_SECONDS, self.give_up_upload)

    def give_up_upload(self) -> None:
        """Close the connection if the body of its request is not complete; the application is told of a disconnect."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self.transport.close()


class EndingServer(uvicorn.Server):
    """A server that a second Ctrl-C ends at once.

    Otherwise it would cancel what is running, report each as a fault, and wait for the drivers' threads.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in good order, or at once when asked again by Ctrl-C; databases roll back what is open then."""
        if self.should_exit and sig == signal.SIGINT:
            end_at_once()
        super().handle_exit(sig, frame)


def end_at_once(*_: object) -> None:
    """End this process without waiting for anything, as Ctrl-C does."""
    os._exit(128 + signal.SIGINT)


def follow_parent() -> None:
    """Leave it to the process that started this one to say when to end, and end in good order when it is gone.

    Ctrl-C reaches both: the parent passes it on. In a process without a parent nothing changes.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_after, args=(parent,), name="parent-watch", daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    logger.warning("the parent process is gone: ending")
    os.kill(os.getpid(), signal.SIGTERM)
