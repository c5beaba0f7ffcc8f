"""A PgBouncer in front of a PostgreSQL server."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL

from sessionscope.testing.servers import ports
from sessionscope.testing.servers.account import Account
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.postgresql import PASSWORDS, PostgreSQL
from sessionscope.testing.servers.programs import find
from sessionscope.testing.servers.server import Server

PACKAGE = "pgbouncer"


class PgBouncer(Server):
    """A PgBouncer in transaction mode: a client has one of the server's connections only during a transaction.

    Args:
        directory: As for `Server`.
        upstream: The server that has the databases.
        settings: Settings of the section ``[pgbouncer]`` by name. They override the defaults.
        host: As for `Server`.
    """

    # PgBouncer has no data to lose, and the meaning of other signals differs between its versions.
    stop_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(
        self,
        directory: Path | str,
        upstream: PostgreSQL,
        *,
        settings: Mapping[str, str] | None = None,
        host: Host | None = None,
    ) -> None:
        super().__init__(directory, host=host)
        self.upstream = upstream
        self._settings = dict(settings or {})

    def url(self, database: str = "app", *, driver: str | None = None, admin: bool = False) -> URL:
        """Return the URL of a database on the server, through PgBouncer."""
        return self.upstream.url(database, driver=driver, admin=admin).set(host=self.address, port=self.port)

    def console_url(self, *, driver: str | None = None) -> URL:
        """Return the URL of PgBouncer's console, for commands such as ``SHOW POOLS``. It has no transactions."""
        return self.url("pgbouncer", driver=driver).set(username="console", password="console")

    def reload(self) -> None:
        """Reload the settings after you change `upstream`. Connections to the old server end."""
        self._write()
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGHUP)

    def account(self) -> Account:
        """Return the user of the server."""
        return Account("postgres", "postgresql", self.host)

    def _command(self) -> list[str]:
        return [find("pgbouncer", PACKAGE), "--quiet", str(self.directory / "pgbouncer.ini")]

    def _prepare(self, account: Account) -> None:  # noqa: ARG002 - every user may read the files
        users = PASSWORDS | {"console": "console"}
        (self.directory / "users").write_text("".join(f'"{name}" "{word}"\n' for name, word in users.items()))
        self._write()

    def _write(self) -> None:
        settings = {
            "listen_addr": self.address,
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "logfile": str(self.directory / "pgbouncer.log"),
            "auth_type": "scram-sha-256",
            "auth_file": str(self.directory / "users"),
            "admin_users": "console",
            "pool_mode": "transaction",
            "default_pool_size": "10",
            "max_client_conn": "1000",
        } | self._settings
        lines = [f"* = host={self.upstream.address} port={self.upstream.port}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        (self.directory / "pgbouncer.ini").write_text("\n".join(["[databases]", *lines, ""]))

    def _answers(self) -> bool:
        return ports.listens(self.port, self.address)
