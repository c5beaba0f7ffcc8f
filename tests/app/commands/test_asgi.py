"""uvicorn, gunicorn and `fastapi run` serve `app.asgi:app`, the same application as `serve` does."""

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from sessionscope.cli.asgi import FAILED_START
from tests.app.commands.asgi import PROGRAMS, free_port, served_by, start
from tests.app.commands.commands import PASSWORD
from tests.app.commands.serving import (
    HALF_A_BODY,
    PATIENCE_SECONDS,
    begin_to_write,
    ended,
    locked,
    migrated,
    post,
    status,
)

# Far less than the options and the settings allow, but more than a busy machine needs.
SOON_SECONDS = 6
WITH_WORKERS = pytest.mark.parametrize("program", PROGRAMS, indirect=True)


@pytest.fixture(name="program", params=["uvicorn", "gunicorn", "fastapi"])
def _program(request: pytest.FixtureRequest) -> str:
    """Give each program, with one worker."""
    return str(request.param)


def lines_with(text: str, log: str) -> list[str]:
    """Return the lines of *log* that hold *text*."""
    return [line for line in log.splitlines() if text in line]


@WITH_WORKERS
def test_program_serves_until_it_is_told_to_end(program: str, url: str) -> None:
    """Each server responds, logs each request once in the format of `serve`, and shuts down cleanly."""
    with served_by(program, migrated(url)) as (process, port):
        assert [200, 200] == [status(port, path) for path in ("/health/ready", "/users/")]
        process.send_signal(signal.SIGTERM)
        output, log = process.communicate(timeout=PATIENCE_SECONDS)
    # uvicorn raises the signal again after a clean shutdown.
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in output + log
    [line] = lines_with("GET /users/", log)
    assert " INFO    sessionscope.requests: GET /users/ 200 in " in line
    assert not lines_with("GET /users/", output)


def test_logging_follows_the_settings(program: str, url: str) -> None:
    """At WARNING and without access lines, a request logs nothing."""
    variables = {"APP_LOGGING__LEVEL": "WARNING", "APP_LOGGING__ACCESS": "false"}
    with served_by(program, migrated(url), **variables) as (process, port):
        assert 200 == status(port, "/users/")
        log = ended(process)
    assert not lines_with("GET /users/", log)
    assert not lines_with("Application shutdown complete", log)


def test_log_is_json_from_the_start_of_the_application(program: str, url: str) -> None:
    """Before that, the server has its own format, and gunicorn's parent process keeps it."""
    with served_by(program, migrated(url), APP_LOGGING__FORMAT="json") as (process, port):
        assert 200 == status(port, "/users/")
        log = ended(process)
    _, found, after = log.partition('{"timestamp"')
    lines = [json.loads(line) for line in f"{found}{after}".splitlines() if not line.startswith("[")]
    assert ["/users/"] == [line["route"] for line in lines if line["logger"] == "sessionscope.requests"]


def test_body_is_limited_as_the_settings_say(program: str, url: str) -> None:
    """The application limits the body, whatever the server allows."""
    with served_by(program, migrated(url), APP_SERVER__MAX_BODY_SIZE="100") as (_, port):
        assert 413 == post(port, "/users/", '{"x": "' + 100 * "x" + '"}')
        assert 422 == post(port, "/users/", "{}")


# `fastapi run` takes no parser: docs/operating.md says so.
@pytest.mark.parametrize("program", ["uvicorn", "gunicorn"], indirect=True)
def test_endless_headers_are_cut_short(program: str, url: str) -> None:
    """A request with endless headers is refused long before they fill the memory."""
    most, sent = 5_000_000, 0
    with (
        served_by(program, url) as (_, port),
        socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as client,
    ):
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: test\r\nX: ")
        with suppress(OSError):
            while sent < most:
                client.sendall(b"x" * 10_000)
                sent += 10_000
    assert sent < most


def test_request_in_flight_gets_its_time(program: str, url: str) -> None:
    """A request in flight at the signal is finished and gets its response."""
    with served_by(program, migrated(url)) as (process, port), ThreadPoolExecutor() as pool:
        with locked(url):
            response = begin_to_write(pool, port)
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert not response.done()
        assert 201 == response.result()
        output, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in output + log


def test_missing_database_is_not_created(program: str, url: str, tmp_path: Path) -> None:
    """The service is alive, but not ready until `db upgrade` has created the database."""
    with served_by(program, url) as (_, port):
        assert [200, 503, 503] == [status(port, path) for path in ("/health/live", "/health/ready", "/users/")]
        assert [] == list(tmp_path.iterdir())


def test_upload_that_does_not_arrive_is_given_up(url: str) -> None:
    """With the parser of `serve`, uvicorn doesn't wait for a body at shutdown."""
    with (
        served_by("uvicorn", migrated(url)) as (process, port),
        socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as client,
    ):
        client.sendall(HALF_A_BODY)
        # The server answers others, so it has seen this one.
        assert 200 == status(port, "/health/live")
        began = time.monotonic()
        log = ended(process)
        assert time.monotonic() - began < SOON_SECONDS
    assert "Traceback" not in log


@WITH_WORKERS
@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"oracle://user:{PASSWORD}@host/name", "APP_DATABASE__URL: database.url: unknown database dialect"),
        ("sqlite:///:memory:", " is private to each process, "),
    ],
    ids=["a bad URL", "a private database"],
)
def test_bad_settings_are_a_line_and_end_the_program(program: str, url: str, told: str) -> None:
    """The server ends with the code of a failed start, and doesn't start workers again and again."""
    with start(program, url, free_port()) as process:
        try:
            output, log = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert PASSWORD not in output + log
    # The second of two workers may get that far too.
    assert len(lines_with(told, log)) in (1, 2)
    # uvicorn's parent process has no exit code for this.
    code = 0 if program == "uvicorn with workers" else FAILED_START
    if process.returncode != code:
        # gunicorn stops at the first worker that fails to boot. A second one that fails meanwhile stops it in the
        # middle of that, with a traceback of its own.
        assert ("gunicorn with workers", 1) == (program, process.returncode)
        assert log.rstrip().endswith("HaltServer: <HaltServer 'Worker failed to boot.' 3>")
        assert 2 == len(lines_with("exited with code 3", log))
        log = log.partition("Traceback")[0]
    assert "Traceback" not in output + log
