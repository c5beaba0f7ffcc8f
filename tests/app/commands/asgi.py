"""Serve `app.asgi` with other servers' programs, as their documentation says."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.app.commands.commands import ROOT, environment
from tests.app.commands.serving import PATIENCE_SECONDS

# These are the options that docs/operating.md names.
PROGRAMS: Final = {
    "uvicorn": (
        "uvicorn app.asgi:app --port {port} --timeout-graceful-shutdown 10 --no-proxy-headers"
        " --http sessionscope.fastapi.server.http_parser:HttpProtocol"
    ),
    "uvicorn with workers": (
        "uvicorn app.asgi:app --port {port} --timeout-graceful-shutdown 10 --no-proxy-headers"
        " --http sessionscope.fastapi.server.http_parser:HttpProtocol --workers 2"
    ),
    "gunicorn": ("gunicorn app.asgi:app --worker-class asgi --bind 127.0.0.1:{port} --graceful-timeout 10"),
    "gunicorn with workers": (
        "gunicorn app.asgi:app --worker-class asgi --bind 127.0.0.1:{port} --graceful-timeout 10 --workers 2"
    ),
    "fastapi": "fastapi run --host 127.0.0.1 --port {port} --no-proxy-headers",
}


def start(program: str, url: str, port: int, **variables: str) -> subprocess.Popen[str]:
    """Start one of `PROGRAMS` with its options."""
    name, *options = PROGRAMS[program].format(port=port).split()
    return subprocess.Popen(  # noqa: S603 - installed with the tests
        [str(Path(sys.executable).with_name(name)), *options],
        cwd=ROOT,
        env=environment(url, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The process has its own group, so that its workers can be reached and are never left behind.
        start_new_session=True,
    )


@contextmanager
def served_by(program: str, url: str, **variables: str) -> Generator[tuple[subprocess.Popen[str], int], None, None]:
    """Serve by one of `PROGRAMS`; give the process and the port once it listens."""
    port = free_port()
    with start(program, url, port, **variables) as process:
        try:
            wait_for(process, port)
            yield process, port
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a free port, because these programs don't print the port that they choose."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


def wait_for(process: subprocess.Popen[str], port: int) -> None:
    """Wait until *process* listens on *port*."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the server did not start")
