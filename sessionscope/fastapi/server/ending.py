"""Ends a server process: idle clients don't delay the end, and no worker outlives its parent."""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

import uvicorn

logger = logging.getLogger(__name__)


class EndingServer(uvicorn.Server):
    """A server that ends at once on a second Ctrl-C.

    uvicorn would cancel the running requests, report each of them as an error, and wait for the drivers' threads.
    """

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal ends the server."""
        # By then, uvicorn has installed its own handlers. It removes these with them.
        asyncio.get_running_loop().call_soon(_end_at_second_interrupt)
        await super().serve(sockets)


def _end_at_second_interrupt() -> None:
    """Let Ctrl-C end the process if it is ending already. Then the database rolls back open transactions."""
    is_ending = False

    def wrapped(usual: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            nonlocal is_ending
            if is_ending and number == signal.SIGINT:
                end_at_once()
            is_ending = True
            usual(number, frame)

        return handle

    for number in (signal.SIGINT, signal.SIGTERM):
        usual = signal.getsignal(number)
        if callable(usual) and threading.current_thread() is threading.main_thread():
            signal.signal(number, wrapped(usual))


def end_at_once(*_: object) -> None:
    """End this process without waiting for anything, with the exit code of Ctrl-C."""
    os._exit(128 + signal.SIGINT)


def keep_interrupts_from_children() -> None:
    """Handle Ctrl-C in this process alone. The processes that it starts are told to end by their parent.

    Ctrl-C reaches all processes of a terminal. One that is still importing modules would end with a traceback. Child
    processes inherit which signals are blocked, but not the thread that waits for this one.
    """
    if sys.platform != "win32":
        # The first lock starts multiprocessing's resource tracker, after which Python 3.11 unblocks the signal.
        multiprocessing.get_context("spawn").Lock()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=_handle_interrupts, name="interrupts", daemon=True).start()


def _handle_interrupts() -> None:
    while True:
        number = signal.sigwait({signal.SIGINT})
        handler = signal.getsignal(number)
        if callable(handler):
            handler(number, None)


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
