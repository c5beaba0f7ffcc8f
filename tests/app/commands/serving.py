"""Serve by the command line, in a process of its own."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import Final

from sqlalchemy import make_url

from tests.app.commands.commands import ROOT, environment, run

PATIENCE_SECONDS: Final = 30
COMMAND: Final = ("-m", "app")
HALF_A_BODY: Final = (
    b"POST /users/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)
USER: Final = '{"email": "ann@secret.example", "username": "ann-the-secret", "password": "s3cr3t-and-long"}'


def without(*modules: str) -> tuple[str, ...]:
    """Return the service's command for a Python in which *modules* are not installed."""
    missing = f"import sys; sys.modules.update(dict.fromkeys({modules!r}))"
    return ("-c", f"{missing}; from app.commands import cli; cli(prog_name='app')")


@contextmanager
def served(
    url: str, *arguments: str, variables: Mapping[str, str] | None = None, command: tuple[str, ...] = COMMAND
) -> Generator[tuple[subprocess.Popen[str], int], None, None]:
    """Serve on a free port; give the process and the port that it prints.

    Args:
        url: The database's.
        arguments: Of ``serve``.
        variables: Go into the environment.
        command: What Python is to run in place of ``-m app``.
    """
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *command, "serve", "--port", "0", *arguments],
        cwd=ROOT,
        env=environment(url, **(variables or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The process has its own group, so that its workers can be reached and are never left behind.
        start_new_session=True,
    ) as process:
        try:
            yield process, port_of(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def port_of(process: subprocess.Popen[str]) -> int:
    """Return the port in the first line of *process*."""
    assert process.stdout is not None
    line = process.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:(\d+),", line)
    assert address is not None, line or process.communicate()[1]
    return int(address[1])


def migrated(url: str) -> str:
    """Migrate the database at *url*; return the URL."""
    assert 0 == run("db", "upgrade", url=url).returncode
    return url


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """End *process* by a signal; return its log."""
    process.send_signal(number)
    return process.communicate(timeout=PATIENCE_SECONDS)[1]


def status(port: int, path: str, **headers: str) -> int:
    """Ask for *path*; return the status of the response."""
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        client.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return client.getresponse().status
    finally:
        client.close()


def post(port: int, path: str, body: str) -> int:
    """Send a JSON *body* to *path*; return the status of the response."""
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        client.request("POST", path, body, {"Content-Type": "application/json"})
        return client.getresponse().status
    finally:
        client.close()


@contextmanager
def locked(url: str) -> Generator[None, None, None]:
    """Keep every writer of an SQLite database waiting until the block ends."""
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def begin_to_write(pool: ThreadPoolExecutor, port: int) -> Future[int]:
    """Create a user in the background. When the service has begun to work on the request, return its future status."""
    # The port is open before the server serves on it.
    assert 200 == status(port, "/health/live")
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("POST", "/users/", USER, {"Content-Type": "application/json"})

    def status_of() -> int:
        with closing(connection):
            return connection.getresponse().status

    # Nothing shows that the request is in flight, but the idle server accepts it at once.
    time.sleep(1)
    return pool.submit(status_of)
