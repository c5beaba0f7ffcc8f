"""Serving by the command line, as a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Final

from tests.integration.cli.commands import ROOT, environment, run

PATIENCE_SECONDS: Final = 30
COMMAND: Final = ("-m", "app")


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
    ) as process:
        try:
            yield process, port_of(process)
        finally:
            if process.poll() is None:
                process.kill()


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
