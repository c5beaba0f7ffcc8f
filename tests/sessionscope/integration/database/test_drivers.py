"""Every driver, with real servers: one URL serves both engines, and all fail alike."""

import asyncio
import gc
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.backends.postgresql.asyncpg_hosts import HEAD_START_SECONDS
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.errors import Failure, failure_of
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import MariaDB, PostgreSQL, PostgreSQLPair, RunningServer

POSTGRESQL = ("postgresql", "postgresql+psycopg", "postgresql+psycopg2")
MYSQL = ("mysql", "mysql+asyncmy", "mariadb")
PASSWORD = "@ %/:?#[]&=+'\"\\ключ"

Question = Callable[[Connection], Any]


def answers(url: URL, question: Question, **values: Any) -> list[Any]:
    """Return what the sync and the async engine answer.

    Args:
        url: Its name is one of those that a person would write.
        question: Is asked in a transaction, which is rolled back.
        values: Other settings.
    """
    settings = settings_of(url, **values)
    return [in_sync(settings, question), asyncio.run(in_async(settings, question))]


def settings_of(url: URL, **values: Any) -> DatabaseSettings:
    """Return settings with *url* as text."""
    return DatabaseSettings(url=url.render_as_string(hide_password=False), **values)


def in_sync(settings: DatabaseSettings, question: Question) -> Any:
    """Ask by a sync engine."""
    engine = build_engine(settings)
    try:
        with engine.connect() as connection:
            return question(connection)
    finally:
        engine.dispose()


async def in_async(settings: DatabaseSettings, question: Question) -> Any:
    """Ask by an async engine."""
    engine: AsyncEngine = build_async_engine(settings)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(question)
    finally:
        await engine.dispose()
        await sockets_closed()


async def sockets_closed() -> None:
    """Wait until the loop has no open sockets: ending TLS takes a message from the server."""
    loop: Any = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        # Its own, which wakes it up, stays.
        while len(loop._selector.get_map()) > 1:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def scalar(statement: str) -> Question:
    """Return the question that asks for one value."""
    return lambda connection: connection.scalar(text(statement))


def failures(url: URL, question: Question | None = None, **values: Any) -> list[DBAPIError]:
    """Return what the sync and the async engine raise when they connect, or are asked *question*."""
    settings = settings_of(url, **values)
    question = question or scalar("SELECT 1")
    with pytest.raises(DBAPIError) as sync:
        in_sync(settings, question)
    with pytest.raises(DBAPIError) as asynchronous:
        asyncio.run(in_async(settings, question))
    return [sync.value, asynchronous.value]


def named(url: URL, name: str, **query: str) -> URL:
    """Return *url* as it would be written with dialect and driver *name*."""
    return url.set(drivername=name).update_query_dict(query)


@pytest.fixture(scope="module")
def pg_user(postgresql: PostgreSQL) -> Iterator[URL]:
    """Give the URL of a user whose password has every special character."""
    if isinstance(postgresql, RunningServer):
        pytest.skip("makes a user")
    quoted, user = PASSWORD.replace("'", "''"), f"odd_{uuid4().hex}"
    postgresql.sql(f"CREATE ROLE {user} LOGIN PASSWORD '{quoted}'")
    yield postgresql.url("postgres").set(username=user, password=PASSWORD)
    postgresql.sql(f"DROP ROLE {user}")


@pytest.fixture(scope="module")
def my_user(mariadb: MariaDB) -> Iterator[URL]:
    """Give the URL of a user whose password has every special character."""
    if isinstance(mariadb, RunningServer):
        pytest.skip("makes a user")
    quoted, user = PASSWORD.replace("\\", "\\\\").replace("'", "''"), f"odd_{uuid4().hex}"
    mariadb.sql(f"SET NAMES utf8mb4; CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{quoted}'")
    mariadb.sql(f"GRANT SELECT ON app.* TO {user}@'127.0.0.1'")
    yield mariadb.url().set(username=user, password=PASSWORD)
    mariadb.sql(f"DROP USER {user}@'127.0.0.1'")


class TestPasswords:
    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_special_characters_let_in_to_postgresql(self, pg_user: URL, name: str) -> None:
        """Each driver passes the password on unchanged."""
        assert [pg_user.username] * 2 == answers(named(pg_user, name), scalar("SELECT current_user"))

    @pytest.mark.parametrize("name", MYSQL)
    def test_special_characters_let_in_to_mariadb(self, my_user: URL, name: str) -> None:
        """UTF-8 works too, which the drivers can't do by themselves."""
        assert [f"{my_user.username}@127.0.0.1"] * 2 == answers(named(my_user, name), scalar("SELECT current_user()"))


def make_certificate(directory: Path) -> None:
    """Make ``cert.pem``, for 127.0.0.1 and signed by itself, and ``key.pem``."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is missing: install the Debian package openssl")
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(  # noqa: S603 - a fixed program
        [program, *options.split(), *files.split()], cwd=directory, check=True, capture_output=True
    )


@contextmanager
def certificate_of(user: str) -> Generator[Path, None, None]:
    """Give a directory with a certificate; its key is *user*'s where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        make_certificate(directory)
        if os.geteuid() == 0:
            with suppress(LookupError):
                shutil.chown(directory / "key.pem", user)
        yield directory


class Secured(NamedTuple):
    """A server with TLS: its URL, and the file with the certificate that vouches for it."""

    url: URL
    authority: str


@pytest.fixture(scope="module")
def pg_tls(own_postgresql: Callable[..., AbstractContextManager[PostgreSQL]]) -> Iterator[Secured]:
    """Give a PostgreSQL server with TLS."""
    with certificate_of("postgres") as files:
        settings = {"ssl": "on", "ssl_cert_file": f"{files}/cert.pem", "ssl_key_file": f"{files}/key.pem"}
        with own_postgresql(settings=settings) as server:
            yield Secured(server.url(), f"{files}/cert.pem")


@pytest.fixture(scope="module")
def my_tls(own_mariadb: Callable[..., AbstractContextManager[MariaDB]]) -> Iterator[Secured]:
    """Give a MariaDB server with TLS."""
    with certificate_of("mysql") as files:
        options = (f"--ssl-cert={files}/cert.pem", f"--ssl-key={files}/key.pem")
        with own_mariadb(options=options) as server:
            yield Secured(server.url(), f"{files}/cert.pem")


def uses_tls(connection: Connection) -> bool:
    """Tell whether the server says that the connection is encrypted."""
    if connection.dialect.name == "postgresql":
        return bool(connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")))
    return bool(connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).one()[1])


class TestTLS:
    @pytest.mark.parametrize("name", POSTGRESQL)
    @pytest.mark.parametrize(
        ("sslmode", "expected"), [("disable", False), ("require", True), ("verify-ca", True), ("verify-full", True)]
    )
    def test_sslmode(self, pg_tls: Secured, name: str, sslmode: str, *, expected: bool) -> None:
        """Each driver encrypts, or doesn't, according to libpq's `sslmode`."""
        query = {"sslmode": sslmode} | ({"sslrootcert": pg_tls.authority} if "verify" in sslmode else {})
        assert [expected] * 2 == answers(named(pg_tls.url, name, **query), uses_tls)

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_a_postgresql_that_nobody_vouches_for_is_refused(self, pg_tls: Secured, name: str, tmp_path: Path) -> None:
        """A certificate of another authority is refused, like a missing one."""
        make_certificate(tmp_path)
        for error in failures(named(pg_tls.url, name, sslmode="verify-ca", sslrootcert=f"{tmp_path}/cert.pem")):
            assert isinstance(error, OperationalError)

    @pytest.mark.parametrize("name", MYSQL)
    @pytest.mark.parametrize(
        ("mode", "expected"),
        [("DISABLED", False), ("PREFERRED", True), ("REQUIRED", True), ("VERIFY_CA", True), ("VERIFY_IDENTITY", True)],
    )
    def test_ssl_mode(self, my_tls: Secured, name: str, mode: str, *, expected: bool) -> None:
        """Each driver encrypts, or doesn't, according to the clients' `ssl-mode`."""
        query = {"ssl-mode": mode} | ({"ssl-ca": my_tls.authority} if "VERIFY" in mode else {})
        assert [expected] * 2 == answers(named(my_tls.url, name, **query), uses_tls)

    def test_a_slow_answer_over_tls_is_waited_for(self, my_tls: Secured) -> None:
        """The time limit for connecting doesn't apply to statements."""
        url = named(my_tls.url, "mysql", **{"ssl-mode": "REQUIRED"})
        assert [0, 0] == answers(url, scalar("SELECT SLEEP(1.5)"), connect_timeout=1)

    @pytest.mark.parametrize("name", MYSQL)
    def test_a_mariadb_that_nobody_vouches_for_is_refused(self, my_tls: Secured, name: str) -> None:
        """The system's certificate authorities don't know the certificate."""
        for error in failures(named(my_tls.url, name, **{"ssl-mode": "VERIFY_CA"})):
            assert isinstance(error, OperationalError)

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_a_postgresql_without_is_refused_where_it_is_required(self, postgresql: PostgreSQL, name: str) -> None:
        """A server without TLS is accepted if TLS is only preferred."""
        assert [False, False] == answers(named(postgresql.url(), name, sslmode="prefer"), uses_tls)
        for error in failures(named(postgresql.url(), name, sslmode="require")):
            assert isinstance(error, OperationalError)

    @pytest.mark.parametrize("name", MYSQL)
    def test_a_mariadb_without_is_refused_where_it_is_required(self, mariadb: MariaDB, name: str) -> None:
        """By itself, aiomysql would connect without TLS silently."""
        assert [False, False] == answers(named(mariadb.url(), name, **{"ssl-mode": "PREFERRED"}), uses_tls)
        for error in failures(named(mariadb.url(), name, **{"ssl-mode": "REQUIRED"})):
            assert isinstance(error, OperationalError)


class TestTimeouts:
    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_postgresql_connections_have_timeouts(self, postgresql: PostgreSQL, name: str) -> None:
        """The timeouts are in milliseconds, and the URL's own options are kept."""
        url = named(postgresql.url(), name, options="-c work_mem=7MB")
        settings = ("lock_timeout", "statement_timeout", "work_mem", "application_name")
        shown = scalar(f"SELECT concat_ws(' ', {', '.join(f'current_setting({each!r})' for each in settings)})")
        assert ["1500ms 2500ms 7MB app"] * 2 == answers(url, shown, lock_timeout=1.5, statement_timeout=2.5)

    @pytest.mark.parametrize("name", MYSQL)
    def test_mariadb_connections_have_timeouts(self, mariadb: MariaDB, name: str) -> None:
        """Whole seconds for locks, rounded up."""
        shown = scalar("SELECT CONCAT_WS(' ', @@innodb_lock_wait_timeout, @@lock_wait_timeout, @@max_statement_time)")
        url = named(mariadb.url(), name)
        assert ["2 2 2.500000"] * 2 == answers(url, shown, lock_timeout=1.5, statement_timeout=2.5)
        assert ["1 1 0.000000"] * 2 == answers(url, shown, lock_timeout=0.2)

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_postgresql_ends_a_statement(self, postgresql: PostgreSQL, name: str) -> None:
        """The server enforces the timeout."""
        for error in failures(named(postgresql.url(), name), scalar("SELECT pg_sleep(5)"), statement_timeout=0.1):
            assert "57014" in (getattr(error.orig, "sqlstate", None), getattr(error.orig, "pgcode", None))

    @pytest.mark.parametrize("name", MYSQL)
    def test_mariadb_ends_a_statement(self, mariadb: MariaDB, name: str) -> None:
        """The server enforces the timeout."""
        slow = scalar("SELECT SUM(one.seq * two.seq) FROM seq_1_to_100000 one, seq_1_to_100000 two")
        for error in failures(named(mariadb.url(), name), slow, statement_timeout=0.1):
            assert error.orig is not None
            assert 1969 == error.orig.args[0]


class TestSessions:
    @pytest.mark.parametrize(("name", "level"), [("postgresql", "transaction_isolation"), ("mysql", "@@tx_isolation")])
    def test_the_isolation_level_is_every_transactions(
        self, request: pytest.FixtureRequest, name: str, level: str
    ) -> None:
        """Every transaction has the isolation level from the settings."""
        server: PostgreSQL | MariaDB = request.getfixturevalue("postgresql" if name == "postgresql" else "mariadb")
        shown = scalar(f"SHOW {level}" if name == "postgresql" else f"SELECT LOWER({level})")
        found = answers(server.url(), shown, isolation_level="SERIALIZABLE")
        assert ["serializable"] * 2 == found

    @pytest.mark.parametrize("name", POSTGRESQL)
    @pytest.mark.parametrize(
        "query",
        [
            {"client_encoding": "utf8", "keepalives_idle": "30", "statement_cache_size": "10"},
            {"service": "", "passfile": "/nowhere", "gssencmode": "disable", "direct_tls": "false"},
        ],
        ids=["of one kind", "of both"],
    )
    def test_words_of_any_postgresql_client_connect(
        self, postgresql: PostgreSQL, name: str, query: dict[str, str]
    ) -> None:
        """Each driver gets the arguments that it knows."""
        assert [1, 1] == answers(named(postgresql.url(), name, **query), scalar("SELECT 1"))

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_an_address_is_gone_to(self, postgresql: PostgreSQL, name: str) -> None:
        """Every driver connects to an address without a host name."""
        url = postgresql.url()
        query = {"hostaddr": "127.0.0.1", "port": str(url.port)}
        alone = URL.create(name, url.username, url.password, database=url.database, query=query)
        assert ["127.0.0.1/32"] * 2 == answers(alone, scalar("SELECT inet_server_addr()::inet::text"))

    @pytest.mark.parametrize("name", MYSQL)
    def test_words_of_any_mysql_driver_connect(self, mariadb: MariaDB, name: str) -> None:
        """Each driver gets the arguments that its connect function accepts."""
        query = {
            "collation": "utf8mb4_bin",
            "max_allowed_packet": "1000000",
            "auth_plugin": "",
            "binary_prefix": "true",
        }
        assert [1, 1] == answers(named(mariadb.url(), name, **query), scalar("SELECT 1"))

    @pytest.mark.parametrize("name", MYSQL)
    def test_a_value_is_never_cut_to_fit(
        self, own_mariadb: Callable[..., AbstractContextManager[MariaDB]], name: str
    ) -> None:
        """If the server would cut values, the connection sets strict mode, and keeps the server's other modes."""
        with own_mariadb(options=("--sql-mode=ANSI_QUOTES",)) as server:
            assert ["ANSI_QUOTES,STRICT_TRANS_TABLES"] * 2 == answers(
                named(server.url(), name), scalar("SELECT @@sql_mode")
            )

    @pytest.mark.parametrize("name", MYSQL)
    def test_all_characters_come_back(self, mariadb: MariaDB, name: str) -> None:
        """The connection speaks utf8mb4."""
        assert ["🔑"] * 2 == answers(named(mariadb.url(), name), lambda c: c.scalar(text("SELECT :key"), {"key": "🔑"}))

    def test_a_slow_answer_is_waited_for(self, mariadb: MariaDB) -> None:
        """The time limit for connecting doesn't apply to statements."""
        assert [0, 0] == answers(mariadb.url(), scalar("SELECT SLEEP(1.5)"), connect_timeout=1)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Yield a port that accepts connections and sends nothing, like a frozen server."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@contextmanager
def falls_silent_after_greeting(url: URL) -> Generator[int, None, None]:
    """Give a port at which the server at *url* greets, and then says nothing, like a server that is cut off."""

    def greet() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                held.append(client)
                with socket.create_connection((url.host, url.port)) as server:
                    client.sendall(server.recv(4096))

    held: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        greeting = threading.Thread(target=greet, daemon=True)
        greeting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        greeting.join(5)
    for each in held:
        each.close()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


class TestFailuresToConnect:
    @pytest.mark.parametrize("name", POSTGRESQL + MYSQL)
    def test_a_server_that_is_down(self, name: str) -> None:
        """All drivers raise the same class."""
        url = URL.create(name, "user", "s3cr3t", "127.0.0.1", free_port(), "name")
        for error in failures(url):
            assert isinstance(error, OperationalError)
            assert "s3cr3t" not in str(error)

    @pytest.mark.parametrize("name", POSTGRESQL + MYSQL)
    def test_a_server_that_says_nothing(self, silent_port: int, name: str) -> None:
        """The limit applies to the whole handshake, not only to the TCP connection."""
        url = URL.create(name, "user", "s3cr3t", "127.0.0.1", silent_port, "name")
        begin = time.monotonic()
        for error in failures(url, connect_timeout=1):
            assert isinstance(error, OperationalError)
        # libpq makes at least two seconds of one.
        assert time.monotonic() - begin < 6

    # If aiomysql is cancelled while TLS begins, it closes its socket, but then warns that it didn't.
    @pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
    @pytest.mark.parametrize("name", MYSQL)
    @pytest.mark.parametrize("mode", ["DISABLED", "REQUIRED"])
    def test_a_server_that_falls_silent_after_its_greeting(self, my_tls: Secured, name: str, mode: str) -> None:
        """The limit applies to TLS and to the authentication too."""
        with falls_silent_after_greeting(my_tls.url) as port:
            url = named(my_tls.url.set(port=port), name, **{"ssl-mode": mode})
            begin = time.monotonic()
            told = [(type(error), failure_of(error)) for error in failures(url, connect_timeout=1)]
            gc.collect()
        assert [(OperationalError, Failure.UNREACHABLE)] * 2 == told
        assert time.monotonic() - begin < 10

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_postgresql_refuses_a_password(self, postgresql: PostgreSQL, name: str) -> None:
        """The error of asyncpg has the server's code."""
        sync, asynchronous = failures(named(postgresql.url().set(password="wr0ng"), name))
        assert (OperationalError, OperationalError) == (type(sync), type(asynchronous))
        if name != "postgresql+psycopg":
            assert "28P01" == getattr(asynchronous.orig, "sqlstate", None)
        assert "wr0ng" not in f"{sync} {asynchronous}"

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_postgresql_has_no_such_database(self, postgresql: PostgreSQL, name: str) -> None:
        """The error is like that of a wrong password."""
        for error in failures(named(postgresql.url("nowhere"), name)):
            assert isinstance(error, OperationalError)

    @pytest.mark.parametrize("name", MYSQL)
    def test_mariadb_refuses_a_password(self, mariadb: MariaDB, name: str) -> None:
        """The error has the server's number."""
        for error in failures(named(mariadb.url().set(password="wr0ng"), name)):
            assert isinstance(error, OperationalError)
            assert error.orig is not None
            assert 1045 == error.orig.args[0]

    @pytest.mark.parametrize("name", ["postgresql", "postgresql+psycopg", "mysql", "mysql+asyncmy"])
    async def test_cancellation_is_none(self, silent_port: int, name: str) -> None:
        """A task that is cancelled while it waits gets the cancellation at once."""
        engine = build_async_engine(settings_of(URL.create(name, "user", "x", "127.0.0.1", silent_port, "name")))
        task = asyncio.ensure_future(engine.connect().start())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.dispose()


@pytest.fixture(scope="module")
def pair(postgresql_pair: Callable[..., AbstractContextManager[PostgreSQLPair]]) -> Iterator[PostgreSQLPair]:
    """Give a primary and its standby."""
    with postgresql_pair() as pair:
        yield pair


class TestSeveralHosts:
    @pytest.mark.parametrize("name", POSTGRESQL)
    @pytest.mark.parametrize(
        ("wanted", "in_recovery"),
        [("read-write", False), ("primary", False), ("standby", True), ("read-only", True), ("prefer-standby", True)],
    )
    def test_the_kind_that_is_wanted_is_found(
        self, pair: PostgreSQLPair, name: str, wanted: str, *, in_recovery: bool
    ) -> None:
        """The wanted kind of server is found at any place in the list."""
        for first, second in ((pair.primary, pair.standby), (pair.standby, pair.primary)):
            url = several(pair, name, first.port, second.port, wanted=wanted)
            assert [in_recovery] * 2 == answers(url, scalar("SELECT pg_is_in_recovery()"))

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_a_host_that_is_down_or_silent_is_passed_over(
        self, pair: PostgreSQLPair, silent_port: int, name: str
    ) -> None:
        """Each host gets the full time to connect."""
        url = several(pair, name, free_port(), silent_port, pair.standby.port, pair.primary.port, wanted="read-write")
        assert [False, False] == answers(url, scalar("SELECT pg_is_in_recovery()"), connect_timeout=1)

    async def test_silent_first_host_does_not_delay_every_connection(
        self, pair: PostgreSQLPair, silent_port: int
    ) -> None:
        """With asyncpg, the next host is tried after a second, and then it is tried first for a while."""
        url = several(pair, "postgresql", silent_port, pair.primary.port, wanted="read-write")
        engine = build_async_engine(settings_of(url, connect_timeout=30))
        begun = time.monotonic()
        async with engine.connect():
            first = time.monotonic() - begun
            async with engine.connect():
                both = time.monotonic() - begun
        await engine.dispose()
        assert HEAD_START_SECONDS <= first < 10
        assert both - first < HEAD_START_SECONDS

    @pytest.mark.parametrize("name", POSTGRESQL)
    def test_no_suitable_host_is_an_operational_error(self, pair: PostgreSQLPair, name: str) -> None:
        """The error is the same as for a server that is down."""
        url = several(pair, name, pair.standby.port, free_port(), wanted="primary")
        for error in failures(url):
            assert isinstance(error, OperationalError)


def several(pair: PostgreSQLPair, name: str, *ports: int, wanted: str) -> URL:
    """Return a URL with a host for each of *ports*."""
    query = {"host": [f"127.0.0.1:{port}" for port in ports], "target_session_attrs": wanted}
    known = pair.primary.url()
    return URL.create(name, known.username, known.password, database=known.database, query=query)
