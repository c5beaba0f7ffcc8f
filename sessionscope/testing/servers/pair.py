"""A PostgreSQL primary with a standby that follows it."""

import shutil
from pathlib import Path

from sqlalchemy import URL

from sessionscope.testing.servers import process
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.postgresql import PASSWORDS, PostgreSQL, program
from sessionscope.testing.servers.programs import ServerError

_SECONDS = 30


class PostgreSQLPair:
    """Two PostgreSQL servers. `primary` accepts writes. `standby` follows it and accepts reads.

    Args:
        directory: As for `Server`.
        synchronous: Whether each commit waits until the standby has applied it. The commit is then visible on the
            standby at once, and survives the loss of the primary.
        fast: As for `PostgreSQL`.
        hosts: The hosts of a test network for the primary and the standby. By default, both run beside the tests.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        synchronous: bool = False,
        fast: bool = True,
        hosts: tuple[Host, Host] | tuple[None, None] = (None, None),
    ) -> None:
        self._synchronous = synchronous
        settings = {"wal_keep_size": "256MB"}
        if synchronous:
            # With "off", the value of the fast mode, commits would not wait for the standby.
            settings["synchronous_commit"] = "remote_apply"
        self.primary, self.standby = (
            PostgreSQL(Path(directory) / name, fast=fast, settings=settings, host=host)
            for name, host in zip(("a", "b"), hosts, strict=True)
        )

    def start(self) -> None:
        """Start both, and wait until the standby follows. After a promotion, `rejoin` rebuilds the standby."""
        self.primary.start()
        if (self.standby.data / "standby.signal").exists():
            self.standby.start()
            self._follow()
        else:
            self.rejoin()

    def stop(self) -> None:
        """Stop both servers, the standby first."""
        self.standby.stop()
        self.primary.stop()

    def kill(self) -> None:
        """Kill both with SIGKILL."""
        self.standby.kill()
        self.primary.kill()

    def promote(self) -> None:
        """Make the standby the primary. `primary` and `standby` change places.

        A running primary is stopped first, without losing data. Until you call `rejoin`, there is no standby, and
        commits don't wait for one.
        """
        self.primary.stop()
        self.standby.sql("ALTER SYSTEM RESET synchronous_standby_names")
        if self.standby.sql(f"SELECT pg_promote(true, {_SECONDS})") != "t":
            raise ServerError("the standby was not promoted")
        self.primary, self.standby = self.standby, self.primary

    def rejoin(self) -> None:
        """Rebuild the standby as a copy of the primary, and wait until it follows."""
        node = self.standby
        node.kill()
        shutil.rmtree(node.data, ignore_errors=True)
        account = node.account()
        account.own(node.directory)
        source = f"host={self.primary.address} port={self.primary.port} user=postgres password={PASSWORDS['postgres']}"
        options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        account.run([program("pg_basebackup"), "-D", str(node.data), "-d", source, *options], node.directory)
        (node.directory / "made").touch()
        node.start()
        self._follow()

    def catch_up(self) -> None:
        """Wait until the standby has applied everything that is committed now.

        Raises:
            ServerError: The standby did not catch up within 30 seconds.
        """
        # This commit waits for the log to be written, including earlier commits that did not wait.
        write = "SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'catch up', '')"
        position = self.primary.sql(f"{write}; SELECT pg_current_wal_lsn()").splitlines()[-1]
        self._wait(self.standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'")

    def url(self, database: str = "app", *, driver: str | None = None, admin: bool = False) -> URL:
        """Return a URL with both hosts, which connects to the one that accepts writes."""
        one = self.primary.url(database, driver=driver, admin=admin)
        hosts = tuple(f"{node.address}:{node.port}" for node in (self.primary, self.standby))
        query = {"host": hosts, "target_session_attrs": "read-write"}
        return URL.create(one.drivername, one.username, one.password, database=database, query=query)

    def _follow(self) -> None:
        self._wait(self.primary, "SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'")
        if self._synchronous:
            self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf()")
            self._wait(self.primary, "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'")

    @staticmethod
    def _wait(node: PostgreSQL, question: str) -> None:
        if not process.wait_until(lambda: node.sql(question) == "t", seconds=_SECONDS):
            raise ServerError(f"this did not become true within {_SECONDS} seconds: {question}")
