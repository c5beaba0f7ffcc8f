"""The log of a server says what happened, and contains nothing secret or forged."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.app.commands.serving import USER, begin_to_write, ended, locked, migrated, post, served, status, without

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec_WebSocket_Version": "13",
}


# An application as services of older versions make it: nothing in it logs requests.
OLDER: Final = (
    "-c",
    """
import sessionscope.fastapi.request_log as log
import sessionscope.observe.metrics as metrics
log.log_requests = metrics.install_metrics = lambda app: None
from app.commands import cli
cli(prog_name="app")
""",
)


def log_of_a_new_user(url: str, **variables: str) -> str:
    """Serve, create a user, and return the log."""
    with served(migrated(url), variables=variables) as (process, port):
        assert 201 == post(port, "/users/", USER)
        return ended(process)


def secrets_in(log: str) -> list[str]:
    """Return the secrets of the user that *log* shows."""
    return [secret for secret in ("ann@secret.example", "ann-the-secret", "$argon2", "s3cr3t") if secret in log]


def lines_with(text: str, log: str) -> Iterator[str]:
    """Yield the lines of *log* that contain *text*."""
    return (line for line in log.splitlines() if text in line)


class TestStatements:
    def test_no_value_is_logged_at_debug(self, url: str) -> None:
        """Email addresses and password hashes are not logged, even at DEBUG."""
        log = log_of_a_new_user(url, APP_LOGGING__LEVEL="DEBUG")
        assert [] == secrets_in(log)
        assert "POST /users/" in log

    def test_an_echo_shows_each_statement_once_and_no_value(self, url: str) -> None:
        """The echo shows statements without their values."""
        log = log_of_a_new_user(url, APP_DATABASE__ECHO="true")
        assert [] == secrets_in(log)
        assert 1 == len(list(lines_with("INSERT INTO users", log)))

    def test_values_are_shown_on_request(self, url: str) -> None:
        """A separate setting shows the values."""
        log = log_of_a_new_user(url, APP_DATABASE__ECHO="true", APP_DATABASE__ECHO_PARAMETERS="true")
        assert ["ann@secret.example", "ann-the-secret", "$argon2"] == secrets_in(log)


class TestRequests:
    @pytest.mark.parametrize(
        ("proxies", "client"),
        [("[]", "127.0.0.1"), ('["10.0.0.0/8"]', "127.0.0.1"), ('["127.0.0.0/8"]', "203.0.113.9")],
        ids=["nobody", "another", "this machine"],
    )
    def test_a_forwarded_address_is_believed_from_trusted_proxies_alone(
        self, url: str, proxies: str, client: str
    ) -> None:
        """Any client can send X-Forwarded-For, so it is used only if it comes from a trusted proxy."""
        with served(url, variables={"APP_SERVER__TRUSTED_PROXIES": proxies}) as (process, port):
            assert 200 == status(port, "/health/live", X_Forwarded_For="203.0.113.9")
            log = ended(process)
        (line,) = lines_with("GET /health/live", log)
        assert f" ms for {client} [" in line

    def test_no_value_of_a_request_is_logged(self, url: str) -> None:
        """Neither of the path nor of the query; a path without a route can't forge a line."""
        with served(migrated(url)) as (process, port):
            assert [404, 404] == [status(port, path) for path in ("/users/77?q=s3cr3t", "/a%0aFORGED?q=s3cr3t")]
            log = ended(process)
        assert "s3cr3t" not in log
        assert 1 == len(list(lines_with("GET /users/{user_id} 404 in ", log)))
        assert 1 == len(list(lines_with(r"GET /a\nFORGED 404 in ", log)))

    def test_service_without_the_middleware_keeps_the_line_of_the_server(self, url: str) -> None:
        """A service that an older version made need not change."""
        with served(url, command=OLDER) as (process, port):
            assert 200 == status(port, "/health/live")
            log = ended(process)
        [line] = lines_with("/health/live", log)
        assert " INFO    uvicorn.access: 127.0.0.1:" in line

    def test_traceback_has_the_id_of_its_request(self, url: str) -> None:
        """The server logs it, after the application has ended."""
        failing = "import app.users.service as users; users.UserService.get = None; from app.commands import cli; cli()"
        with served(migrated(url), command=("-c", failing)) as (process, port):
            assert 500 == status(port, "/users/1", X_Request_ID="abc-1")
            log = ended(process)
        assert 1 == len(list(lines_with("GET /users/{user_id} 500 failed after ", log)))
        assert ["uvicorn.error: Exception in ASGI application [abc-1]"] == [
            line.partition("ERROR   ")[2] for line in lines_with("Exception in ASGI", log)
        ]

    def test_a_request_that_was_cut_off_is_a_line(self, url: str) -> None:
        """A request that is cut off at shutdown is logged without a traceback, because the code has no fault."""
        variables = {"APP_SERVER__SHUTDOWN_TIMEOUT": "1", "APP_DATABASE__LOCK_TIMEOUT": "3"}
        with served(migrated(url), variables=variables) as (process, port), locked(url), ThreadPoolExecutor() as pool:
            begin_to_write(pool, port)
            log = ended(process, signal.SIGINT)
        assert "Traceback" not in log
        assert 1 == len(list(lines_with("a request was cut off", log)))
        assert 1 == len(list(lines_with("POST /users/ cut off after ", log)))

    def test_a_websocket_handshake_logs_no_advice(self, url: str) -> None:
        """Without a library for WebSockets, a handshake is one line about the request."""
        with served(url, command=without("websockets", "wsproto")) as (process, port):
            assert 200 == status(port, "/health/live", **HANDSHAKE)
            log = ended(process)
        assert "install" not in log
        assert 1 == len(list(lines_with("Unsupported upgrade request", log)))
