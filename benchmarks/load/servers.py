"""The other side of the servers: started, known by their port, ended by their id."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
HOST: Final = "127.0.0.1"
BACKLOG: Final = 1024


class Server:
    """Processes that serve one application on one port."""

    def __init__(self, port: int, processes: list[subprocess.Popen[str]]) -> None:
        self.port = port
        self._processes = processes

    def pause(self) -> None:
        """Let it take no time: a server that has nothing to do wakes ten times a second."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it serve again."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        for process in self._processes:
            process.send_signal(number)


@contextmanager
def served(factory: str, workers: int = 1, **environment: str) -> Generator[Server, None, None]:
    """Give a server of as many processes as *workers*, of what *factory* makes of the environment.

    Raises:
        RuntimeError: One doesn't start; it has said why on standard error.
    """
    processes: list[subprocess.Popen[str]] = []
    listeners = _listen(workers)
    port = listeners[0].getsockname()[1]
    try:
        for listener in listeners:
            processes.append(_start(factory, listener, environment))
            # Open here as well, it would keep clients waiting whose server is gone.
            listener.close()
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "started\n":
                raise RuntimeError(f"the server of {factory} does not start: {environment}")
        yield Server(port, processes)
    finally:
        _end(processes, listeners)


def get(port: int, path: str) -> Any:
    """Return the response to a GET.

    Raises:
        RuntimeError: It is not 200.
    """
    connection = HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:  # noqa: PLR2004
        raise RuntimeError(f"{path}: {response.status} {body.decode()}")
    return json.loads(body)


def _listen(workers: int) -> list[socket.socket]:
    """Bind a socket per worker to one port.

    Of one socket for all, the worker that wakes first takes every client that waits; the kernel divides them among
    several.
    """
    listeners: list[socket.socket] = []
    port = 0
    for _ in range(workers):
        # By its number: asyncio sends small packets at once only where it is told that this is TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
        port = listener.getsockname()[1]
        listeners.append(listener)
    return listeners


def _start(factory: str, listener: socket.socket, environment: dict[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load.server", factory, str(listener.fileno())],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=pipe,
        stdout=pipe,
        text=True,
        pass_fds=[listener.fileno()],
        # Ctrl-C is for who started it, and ends it in its turn. A session of its own would do that as well, but then
        # the system would leave it behind, where it was paused when that one was killed.
        process_group=0,
    )


def _end(processes: list[subprocess.Popen[str]], listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()
    for process in processes:
        process.send_signal(signal.SIGCONT)
        if process.stdin:
            process.stdin.close()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
