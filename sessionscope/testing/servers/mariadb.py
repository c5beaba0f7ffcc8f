"""A MariaDB server."""

import shutil
from pathlib import Path

from sqlalchemy import URL

from sessionscope.testing.servers.account import Account
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.programs import ServerError, find
from sessionscope.testing.servers.server import Server

PACKAGE = "mariadb-server"
PASSWORDS = {"app": "app", "admin": "admin"}

_OPTIONS = (
    "--socket=server.sock",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=200",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=8M",
)
_FAST = ("--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0")
_USERS = r"""
CREATE DATABASE IF NOT EXISTS app;
CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY 'app';
GRANT ALL ON app.* TO app@'%';
GRANT ALL ON `app\_%`.* TO app@'%';
CREATE USER IF NOT EXISTS admin@'%' IDENTIFIED BY 'admin';
GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION;
"""


class MariaDB(Server):
    r"""A MariaDB server.

    The user app has all rights on the databases app and ``app\_%``, and may create and drop them. The administrator
    is admin. Each password is the user's name.

    Args:
        directory: As for `Server`.
        fast: Whether commits don't wait for the disk. The log is then written once a second, so a `kill` may lose the
            commits of the last second.
        options: Options for mariadbd, which override the defaults.
        host: As for `Server`.
    """

    def __init__(
        self, directory: Path | str, *, fast: bool = True, options: tuple[str, ...] = (), host: Host | None = None
    ) -> None:
        super().__init__(directory, host=host)
        self.data = self.directory / "data"
        self._options = (*_OPTIONS, *(_FAST if fast else ()), *options)

    def url(self, database: str = "app", *, driver: str | None = None, admin: bool = False) -> URL:
        """Return ``mysql://app:app@ADDRESS:PORT/app``, or ``mysql+driver://...`` if there is a *driver*."""
        name = "mysql" if driver is None else f"mysql+{driver}"
        user = "admin" if admin else "app"
        return URL.create(name, user, PASSWORDS[user], self.address, self.port, database)

    def sql(self, statements: str, *, database: str = "") -> str:
        """Execute *statements* as administrator. Return one row per line, with tabs between the columns.

        Raises:
            ServerError: A statement failed, or the server didn't answer within 5 seconds.
        """
        how = ("--no-defaults", "--batch", "--skip-column-names", "--connect-timeout=5")
        where = (f"--host={self.address}", f"--port={self.port}", "--user=admin", f"--database={database}")
        return self.ask([find("mariadb", "mariadb-client"), *how, *where], statements, MYSQL_PWD=PASSWORDS["admin"])

    def account(self) -> Account:
        """Return the user of the server."""
        return Account("mysql", PACKAGE, self.host)

    def _command(self) -> list[str]:
        return [
            find("mariadbd", PACKAGE),
            *("--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.directory}", f"--port={self.port}"),
            f"--bind-address={self.address}",
            f"--init-file={self.directory / 'users.sql'}",
            *self._options,
        ]

    def _prepare(self, account: Account) -> None:
        (self.directory / "users.sql").write_text(_USERS)
        if not (self.directory / "made").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            install(account, self.data)
            (self.directory / "made").touch()

    def _answers(self) -> bool:
        try:
            return self.sql("SELECT 1") == "1"
        except ServerError:
            return False


def install(account: Account, data: Path) -> None:
    """Create the data directory of a new server."""
    options = ("--no-defaults", "--skip-test-db", "--auth-root-authentication-method=socket", f"--datadir={data}")
    server = (*_FAST, "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M")
    # In a shared directory, installations that run at once would use each other's files.
    own = f"--tmpdir={data.parent}"
    account.run([find("mariadb-install-db", PACKAGE), *options, *server, own], data.parent)
