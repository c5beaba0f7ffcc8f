"""A test network loses packets silently, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from time import monotonic
from typing import Any, Final

import pytest

from sessionscope.testing.servers import Host, MariaDB, Network, PgBouncer, PostgreSQL, PostgreSQLPair
from sessionscope.testing.servers.process import wait_until
from sessionscope.testing.servers.programs import MissingBinary

pytestmark = pytest.mark.isolation("none")

PORT: Final = 7000
# Much longer than an error would take to arrive on a network that works.
SILENCE_SECONDS: Final = 0.5
# Much longer than anything takes that is not cut off, even on a busy machine.
PATIENCE_SECONDS: Final = 20
# Sends each line back.
ECHO: Final = f"""
import socketserver

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)

server = socketserver.ThreadingTCPServer(("", {PORT}), Echo)
print("ready", flush=True)
server.serve_forever()
"""


def connected(address: str, seconds: float = PATIENCE_SECONDS) -> socket.socket:
    """Return a connection to the echo server at *address*, or raise `TimeoutError` after some *seconds*."""
    return socket.create_connection((address, PORT), timeout=seconds)


def echoed(client: socket.socket, text: bytes) -> bytes:
    """Send *text* on *client* and return the answer."""
    client.sendall(text)
    return client.recv(100)


def devices() -> str:
    """Return the names of the network devices beside the tests."""
    return " ".join(name for _, name in socket.if_nameindex())


@pytest.fixture
def echo(network: Network) -> Any:
    """Yield a host on which an echo server runs."""
    there = network.host()
    command = there.inside([sys.executable, "-c", ECHO])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield there
        server.kill()


class TestNetwork:
    def test_cut_is_silent(self, network: Network, echo: Host) -> None:
        """After a cut, an open connection gets neither data nor a reset, and a new one gets no refusal."""
        with closing(connected(echo.address)) as client:
            assert echoed(client, b"before\n") == b"before\n"
            network.cut(network.here, echo)
            client.settimeout(SILENCE_SECONDS)
            with pytest.raises(TimeoutError):
                echoed(client, b"lost\n")
            with pytest.raises(TimeoutError):
                connected(echo.address, SILENCE_SECONDS)

    def test_heal_lets_new_connections_through(self, network: Network, echo: Host) -> None:
        """After `heal`, what was sent meanwhile arrives, and new connections work at once."""
        with closing(connected(echo.address)) as client:
            network.cut(network.here, echo)
            client.sendall(b"delayed\n")
            network.heal()
            with closing(connected(echo.address)) as other:
                assert echoed(other, b"new\n") == b"new\n"
            assert client.recv(100) == b"delayed\n"

    def test_cut_of_one_way_leaves_the_other(self, network: Network, echo: Host) -> None:
        """If only the host's packets are lost, it still receives ours."""
        with closing(connected(echo.address)) as client:
            network.cut(echo, network.here, one_way=True)
            client.settimeout(SILENCE_SECONDS)
            with pytest.raises(TimeoutError):
                echoed(client, b"heard\n")
            received = echo.inside(["ss", "-tiH", "sport", "=", f":{PORT}"])
            assert "bytes_received:6" in subprocess.check_output(received, text=True)  # noqa: S603 - fixed program

    def test_hosts_reach_each_other_and_can_be_cut(self, network: Network, echo: Host) -> None:
        """A cut between two hosts leaves the way from the tests to both of them."""
        other = network.host()
        ask = f"import socket; socket.create_connection(('{echo.address}', {PORT}), timeout=float(input()))"
        command = other.inside([sys.executable, "-c", ask])

        def error(seconds: float) -> str:
            done = subprocess.run(command, input=str(seconds), check=False, capture_output=True, text=True)  # noqa: S603
            return done.stderr

        assert error(PATIENCE_SECONDS) == ""
        network.cut(echo, other)
        assert "TimeoutError" in error(SILENCE_SECONDS)
        connected(echo.address).close()

    def test_hosts_have_no_way_out(self, network: Network) -> None:
        """A host knows no route to any other network."""
        assert [line.split()[0] for line in network.host().ip("route").splitlines()] == [
            f"{network.here.address.rpartition('.')[0]}.0/24"
        ]

    def test_networks_at_the_same_time_have_different_addresses(self, network: Network) -> None:
        """Parallel test workers don't disturb each other."""
        with Network() as other:
            assert other.here.address != network.here.address
            assert other.here.device != network.here.device

    def test_nothing_of_a_network_remains(self, network: Network) -> None:
        """At the end of the block, its device and its processes are gone."""
        with Network() as other:
            there, device = other.host(), other.here.device
            assert {device, network.here.device} <= {*devices().split()}
        assert wait_until(lambda: device not in devices().split(), seconds=5)
        with pytest.raises(ProcessLookupError):
            os.kill(there.pid or 0, 0)

    @pytest.mark.usefixtures("network")
    def test_nothing_of_a_killed_run_remains(self) -> None:
        """The kernel removes the network of a process that was killed."""
        program = (
            "import signal; from sessionscope.testing.servers import Network; network = Network().__enter__();"
            "network.host(); print(network.here.device, flush=True); signal.pause()"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as run:  # noqa: S603
            assert run.stdout is not None
            device = run.stdout.readline().strip()
            assert device in devices().split()
            run.send_signal(signal.SIGKILL)
        assert wait_until(lambda: device not in devices().split(), seconds=5)

    def test_lack_of_rights_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without root, the error says that root is needed, so that a skipped test says why."""
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        with pytest.raises(MissingBinary, match="need root"), Network():
            pass


class TestServersOnHosts:
    def test_postgresql_is_cut_off(
        self, network: Network, own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]]
    ) -> None:
        """A client waits in vain for a server behind a cut; `sql` asks it on its own host."""
        psycopg = pytest.importorskip("psycopg")
        there = network.host()
        with own_postgresql(host=there) as server:
            url = server.url().render_as_string(hide_password=False)
            psycopg.connect(url).close()
            network.cut(network.here, there)
            begun = monotonic()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(url, connect_timeout=2)
            assert monotonic() - begun > 1
            assert server.sql("SELECT 1") == "1"
            network.heal()
            psycopg.connect(url).close()

    def test_mariadb_is_cut_off(
        self, network: Network, own_mariadb: Callable[..., AbstractContextManager[MariaDB]]
    ) -> None:
        """A client waits in vain for a server behind a cut; `sql` asks it on its own host."""
        pymysql = pytest.importorskip("pymysql")
        there = network.host()
        with own_mariadb(host=there) as server:
            where = {"host": server.address, "port": server.port, "user": "app", "password": "app"}
            pymysql.connect(**where).close()
            network.cut(network.here, there)
            begun = monotonic()
            with pytest.raises(pymysql.OperationalError):
                pymysql.connect(**where, connect_timeout=2)
            assert monotonic() - begun > 1
            assert server.sql("SELECT 1") == "1"

    def test_pgbouncer_reaches_a_server_on_another_host(
        self,
        network: Network,
        own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]],
        pgbouncer: Callable[..., AbstractContextManager[PgBouncer]],
    ) -> None:
        """Clients reach PgBouncer on its host while its way to the server is cut."""
        psycopg2 = pytest.importorskip("psycopg2")
        there, between = network.host(), network.host()
        with own_postgresql(host=there) as server, pgbouncer(server, host=between) as bouncer:
            url = bouncer.url().render_as_string(hide_password=False)
            with closing(psycopg2.connect(url)) as client, client.cursor() as cursor:
                cursor.execute("SELECT 1")
            network.cut(between, there)
            console = bouncer.console_url().render_as_string(hide_password=False)
            assert "default_pool_size" in bouncer.ask(["psql", "-XqAt", console], "SHOW CONFIG")

    def test_standby_behind_a_cut_delays_commits(
        self, network: Network, postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]]
    ) -> None:
        """A commit waits for a synchronous standby that is cut off, and is done once the network heals."""
        one, other = network.host(), network.host()
        with postgresql_pair(synchronous=True, hosts=(one, other)) as pair, ThreadPoolExecutor() as threads:
            pair.primary.sql("CREATE TABLE kept (value INT)")
            network.cut(one, other)
            insertion = threads.submit(pair.primary.sql, "INSERT INTO kept VALUES (1)")
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            assert wait_until(lambda: pair.primary.sql(waits) == "1", seconds=10)
            assert not insertion.done()
            network.heal()
            insertion.result(timeout=30)
            assert pair.standby.sql("SELECT count(*) FROM kept") == "1"
