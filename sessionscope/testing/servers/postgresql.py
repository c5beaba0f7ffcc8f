"""A PostgreSQL server."""

import contextlib
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL

from sessionscope.testing.servers.account import Account
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.programs import MissingBinary, ServerError, ask, find
from sessionscope.testing.servers.server import Server

PACKAGE = "postgresql"
PASSWORDS = {"app": "app", "postgres": "postgres"}

_SETTINGS = {
    "unix_socket_directories": "",
    "max_connections": "200",
    # Keep shared memory in the data directory, so that a crash leaves nothing behind elsewhere.
    "dynamic_shared_memory_type": "mmap",
}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ROLES = """\
CREATE ROLE app LOGIN CREATEDB PASSWORD 'app'
CREATE DATABASE app OWNER app
"""
# By default, only clients on the server's own host may connect.
_NEIGHBOURS = """\
host all all samenet scram-sha-256
host replication all samenet scram-sha-256
"""


class PostgreSQL(Server):
    """A PostgreSQL server that asks for passwords.

    The user app owns the database app and may create others. The administrator is postgres. Each password is the
    user's name.

    Args:
        directory: As for `Server`.
        fast: Whether commits don't wait for the disk. They still survive `kill`, because the operating system keeps
            running.
        settings: Server settings by name. They override the defaults.
        host: As for `Server`.
    """

    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(
        self,
        directory: Path | str,
        *,
        fast: bool = True,
        settings: Mapping[str, str] | None = None,
        host: Host | None = None,
    ) -> None:
        super().__init__(directory, host=host)
        self.data = self.directory / "data"
        self._settings = {"listen_addresses": self.address} | _SETTINGS | (_FAST if fast else {}) | dict(settings or {})

    def url(self, database: str = "app", *, driver: str | None = None, admin: bool = False) -> URL:
        """Return ``postgresql://app:app@ADDRESS:PORT/app``, or ``postgresql+driver://...`` if there is a *driver*."""
        name = "postgresql" if driver is None else f"postgresql+{driver}"
        user = "postgres" if admin else "app"
        return URL.create(name, user, PASSWORDS[user], self.address, self.port, database)

    def sql(self, statements: str, *, database: str = "postgres") -> str:
        """Execute *statements* as administrator, each in its own transaction. Return one row per line.

        Raises:
            ServerError: A statement failed, or the server didn't answer within 5 seconds.
        """
        where = self.url(database, admin=True).render_as_string(hide_password=False)
        return self.ask([program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", where], statements, PGCONNECT_TIMEOUT="5")

    def kill(self) -> None:
        """Kill the server and its children with SIGKILL, as in a crash."""
        super().kill()
        # The server itself would remove its shared memory only at its next start, which may never happen.
        segment = _line(self.data, 6).split()[-1:]
        if segment:
            with contextlib.suppress(MissingBinary, ServerError):
                ask([find("ipcrm", "util-linux"), "-m", *segment], "")

    def account(self) -> Account:
        """Return the user of the server."""
        return Account("postgres", PACKAGE, self.host)

    def _command(self) -> list[str]:
        settings = {"port": str(self.port)} | self._settings
        options = (f"--{name}={value}" for name, value in settings.items())
        return [program("postgres"), "-D", str(self.data), *options]

    def _prepare(self, account: Account) -> None:
        if not (self.directory / "made").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self._make(account)
            (self.directory / "made").touch()
        # After a crash, this file would still say "ready".
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _make(self, account: Account) -> None:
        password = self.directory / "password"
        password.write_text(PASSWORDS["postgres"])
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        account.run([program("initdb"), "-D", str(self.data), f"--pwfile={password}", *options], self.directory)
        account.run([program("postgres"), "--single", "-F", "-D", str(self.data), "postgres"], self.directory, _ROLES)
        if self.host is not None:
            with (self.data / "pg_hba.conf").open("a") as access:
                access.write(_NEIGHBOURS)

    def _answers(self) -> bool:
        return _line(self.data, 7) == "ready"


def program(name: str) -> str:
    """Return the path of a PostgreSQL program, from the newest version that is installed."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return find(name, PACKAGE, sorted(folders, key=lambda each: float(each.parent.name), reverse=True))


def _line(data: Path, number: int) -> str:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[number].strip() if number < len(lines) else ""
