"""A server shuts down soon and cleanly, with all of its workers."""

import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.app.commands.serving import (
    HALF_A_BODY,
    PATIENCE_SECONDS,
    begin_to_write,
    ended,
    locked,
    migrated,
    served,
    status,
    without,
)

# Far less than the default of `server.shutdown_timeout`, but more than a busy machine needs.
SOON_SECONDS = 6
HEAD = b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"
HALF_A_HEAD = HEAD[:20]


@pytest.mark.parametrize(
    ("requests", "left"),
    [(0, b""), (0, HALF_A_HEAD), (0, HALF_A_BODY), (1, b""), (1, HALF_A_HEAD), (1, HALF_A_BODY)],
    ids=["silent", "half a head", "half a body", "idle", "half a second head", "half a second body"],
)
def test_a_connection_that_sends_nothing_holds_nothing_up(url: str, requests: int, left: bytes) -> None:
    """The server waits for requests in flight, but not for those that don't arrive."""
    with served(migrated(url)) as (process, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE_SECONDS)
        for _ in range(requests):
            client.sendall(HEAD)
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.sendall(left)
        # The server answers others, so it has seen this one.
        assert 200 == status(port, "/health/live")
        began = time.monotonic()
        log = ended(process)
        assert time.monotonic() - began < SOON_SECONDS
    assert ("Application shutdown complete" in log, "Traceback" in log) == (True, False)


def test_without_httptools_a_missing_body_is_waited_for_until_the_shutdown_timeout(url: str) -> None:
    """The parser h11 doesn't tell that a body is incomplete, so the request counts as any other in flight."""
    variables = {"APP_SERVER__SHUTDOWN_TIMEOUT": "1"}
    with (
        served(migrated(url), variables=variables, command=without("httptools")) as (process, port),
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        client.sendall(HALF_A_BODY)
        assert 200 == status(port, "/health/live")
        began = time.monotonic()
        log = ended(process)
        assert time.monotonic() - began < SOON_SECONDS
    assert "Traceback" not in log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_in_flight_gets_its_time(url: str, workers: str) -> None:
    """A request in flight at the signal is finished and gets its response."""
    with served(migrated(url), "--workers", workers) as (process, port), ThreadPoolExecutor() as pool:
        with locked(url):
            response = begin_to_write(pool, port)
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert not response.done()
        assert 201 == response.result()
        _, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in log


def test_a_second_interrupt_ends_it_at_once(url: str) -> None:
    """After a second Ctrl-C, the server ends at once, without a traceback."""
    with served(migrated(url)) as (process, port), locked(url), ThreadPoolExecutor() as pool:
        response = begin_to_write(pool, port)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        began = time.monotonic()
        log = ended(process, signal.SIGINT)
        assert time.monotonic() - began < SOON_SECONDS
        assert isinstance(response.exception(), ConnectionError)
    assert (130, False) == (process.returncode, "Traceback" in log)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_in_a_terminal_reaches_all_processes(url: str, workers: str) -> None:
    """Pressed once or often, Ctrl-C leaves no traceback of any process."""
    with served(migrated(url), "--workers", workers) as (process, port):
        assert 200 == status(port, "/health/live")
        for _ in range(3):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        _, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in log


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.4, 0.8])
@pytest.mark.parametrize("option", [("--workers", "2"), ("--reload",)], ids=["workers", "reload"])
def test_ctrl_c_while_processes_start_leaves_no_traceback(url: str, option: tuple[str, ...], seconds: float) -> None:
    """A process that is still importing modules gets the signal too."""
    with served(migrated(url), *option) as (process, _):
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in log


def test_workers_end_with_their_parent(url: str) -> None:
    """If the parent is killed, its workers notice and stop serving its port."""
    with served(migrated(url), "--workers", "2") as (process, port):
        assert 200 == status(port, "/health/live")
        process.kill()
        try:
            # The workers hold the pipe of the log until they end.
            _, log = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail("the workers live on without their parent")
    assert 2 == log.count("the parent process is gone")
    assert 2 == log.count("Application shutdown complete")
    with pytest.raises(ConnectionRefusedError):
        status(port, "/health/live")
