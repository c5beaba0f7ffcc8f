"""Limits on the silence of a server, on real sockets."""

import logging
import socket
from collections.abc import Callable, Generator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from sessionscope._compat import aiomysql, asyncmy, pymysql
from sessionscope.database.backends import backend_of
from sessionscope.database.backends.silence import answered_within, limits_within, set_limits
from sessionscope.settings import ConfigurationError, DatabaseSettings

pytestmark = pytest.mark.isolation("none")

USER_TIMEOUT = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


@pytest.fixture
def tcp() -> Generator[socket.socket, None, None]:
    """Yield a TCP socket."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as opened:
        yield opened


@pytest.fixture
def local() -> Generator[socket.socket, None, None]:
    """Yield a socket of this machine, which takes no option of TCP."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as opened:
        yield opened


class TestLimits:
    @pytest.mark.parametrize("seconds", [3, 4, 7, 15, 60, 3600])
    def test_probes_are_due_within_the_time(self, seconds: int) -> None:
        """At one of the probes, TCP_USER_TIMEOUT has passed; at that one, the connection ends."""
        limits = limits_within(seconds)
        probes = range(limits["keepalives_idle"], seconds + 1, limits["keepalives_interval"])
        assert any(probe * 1000 >= limits["tcp_user_timeout"] for probe in probes)

    @pytest.mark.parametrize("seconds", [2, 3601])
    def test_setting_has_bounds(self, seconds: int) -> None:
        """The kernel's keepalives take whole seconds, and not too many of them."""
        with pytest.raises((ConfigurationError, ValueError), match="network_timeout"):
            DatabaseSettings(network_timeout=seconds)

    def test_limits_are_set_on_a_tcp_socket(self, tcp: socket.socket) -> None:
        """All of them, in the units of the kernel."""
        set_limits(tcp, limits_within(15))
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert [5, 3, 3, 13000] == [tcp.getsockopt(socket.IPPROTO_TCP, option) for option in options]
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def test_zero_is_the_default_of_the_system(self, tcp: socket.socket) -> None:
        """The kernel itself would refuse it."""
        usual = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        set_limits(tcp, {"keepalives": 0, "keepalives_idle": 0, "tcp_user_timeout": 0})
        assert usual == tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

    def test_sockets_of_this_machine_have_none(self, local: socket.socket) -> None:
        """They can't fall silent, and take no such option."""
        set_limits(local, limits_within(15))
        with answered_within(1, local):
            pass

    def test_options_that_a_system_lacks_are_left_out(
        self, tcp: socket.socket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On macOS, for example, there is no TCP_USER_TIMEOUT."""
        number = socket.TCP_USER_TIMEOUT
        monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
        set_limits(tcp, limits_within(15))
        with answered_within(1, tcp):
            assert 0 == tcp.getsockopt(socket.IPPROTO_TCP, number)
        assert 3 == tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)


class TestAnsweredWithin:
    def test_limit_holds_in_the_block(self, tcp: socket.socket) -> None:
        """After the block, the usual limit holds again."""
        set_limits(tcp, limits_within(15))
        with answered_within(0.5, tcp):
            assert 500 == tcp.getsockopt(*USER_TIMEOUT)
        assert 13000 == tcp.getsockopt(*USER_TIMEOUT)

    def test_block_that_fails_may_have_closed_the_socket(self, tcp: socket.socket) -> None:
        """Its descriptor may belong to another connection by then, so nothing is set."""
        set_limits(tcp, limits_within(15))
        with pytest.raises(ConnectionError), answered_within(0.5, tcp):
            raise ConnectionError
        assert 500 == tcp.getsockopt(*USER_TIMEOUT)

    def test_closed_socket_has_no_limit(self, tcp: socket.socket) -> None:
        """The block finds that out by itself."""
        tcp.close()
        with answered_within(0.5, tcp):
            pass

    def test_no_socket_has_no_limit(self) -> None:
        """SQLite has none."""
        with answered_within(0.5, backend_of("sqlite").socket_of(None, object())):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(
    "socket_of", [aiomysql.socket_of, asyncmy.socket_of, pymysql.socket_of], ids=["aiomysql", "asyncmy", "pymysql"]
)
class TestDriversWithoutAWayToTheSocket:
    def test_hidden_socket_is_logged(self, socket_of: Callable[[Any], Any], caplog: pytest.LogCaptureFixture) -> None:
        """Connections go on, without the limit."""
        assert socket_of(object()) is None
        assert [logging.WARNING] == [record.levelno for record in caplog.records]
        assert "network_timeout has no effect" in caplog.text

    def test_closed_connection_has_none(
        self, socket_of: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """That is nothing to log."""
        assert socket_of(SimpleNamespace(_writer=None, _transport=None, _sock=None)) is None
        assert [] == caplog.records
