"""`serve` runs a real server, from its first line to its shutdown."""

import signal
import socket
from pathlib import Path

import pytest
import uvicorn

from sessionscope.cli.serving import _listen
from tests.app.commands.commands import run, told
from tests.app.commands.serving import PATIENCE_SECONDS, ended, migrated, served, status


class TestServe:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_server_serves_until_it_is_interrupted(self, url: str, workers: str) -> None:
        """It prints its address, responds at once, logs the request, and shuts down cleanly on Ctrl-C."""
        with served(url, "--workers", workers) as (process, port):
            assert 200 == status(port, "/health/live")
            errors = ended(process, signal.SIGINT)
        assert (0, False) == (process.returncode, "Traceback" in errors)
        assert "GET /health/live" in errors
        with pytest.raises(ConnectionRefusedError):
            status(port, "/health/live")

    def test_endless_headers_are_cut_short(self, url: str) -> None:
        """Its parser limits headers, although httptools doesn't."""
        most, sent = 5_000_000, 0
        with served(url) as (_, port), socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as client:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: test\r\nX: ")
            try:
                while sent < most:
                    client.sendall(b"x" * 10_000)
                    sent += 10_000
            except OSError:
                pass
        assert sent < most

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_a_file_that_is_missing_is_not_created(self, url: str, tmp_path: Path, workers: str) -> None:
        """A service without its database is alive, but not ready until `db upgrade` has created it."""
        with served(url, "--workers", workers) as (process, port):
            assert [200, 503, 503] == [status(port, path) for path in ("/health/live", "/health/ready", "/users/")]
            assert [] == list(tmp_path.iterdir())
            migrated(url)
            assert [200, 200] == [status(port, path) for path in ("/health/ready", "/users/")]
            log = ended(process)
        assert "unreachable" in log

    def test_a_port_that_is_taken_is_a_line(self, url: str) -> None:
        """An address that is in use is reported before the server says that it serves."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            command = run("serve", "--port", str(port), url=url)
        assert ((1, 1), "") == (told(command), command.stdout)
        assert f"127.0.0.1:{port}" in command.stderr

    def test_bad_settings_start_nothing(self) -> None:
        """If the configuration is wrong, the command ends with code 2 before it listens."""
        command = run("serve", "--port", "0", url="nonsense")
        assert ((2, 1), "") == (told(command), command.stdout)

    def test_a_private_database_is_not_served(self) -> None:
        """Each process would have its own in-memory database, and it would be empty."""
        command = run("serve", "--port", "0", url="sqlite:///:memory:")

        assert (1, 1) == told(command)
        assert "is private to each process" in command.stderr

    def test_responses_are_sent_at_once(self) -> None:
        """The listening socket's protocol is TCP, without which asyncio doesn't set TCP_NODELAY."""
        with _listen(uvicorn.Config("", port=0)) as listener:
            assert socket.IPPROTO_TCP == listener.proto
