"""Migrations of a PostgreSQL database."""

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import ClassVar, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.postgresql.failures import sqlstate_of

_DUPLICATE_TABLE: Final = "42P07"
# Any number that no other program uses. It must not change: processes of an older release use it too.
_KEY: Final = int.from_bytes(hashlib.sha256(b"sessionscope.migrations.locking").digest()[:8], signed=True)
# Which of these settings exist depends on the server's version.
_PATIENT: Final = text(
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)


class PostgreSQLMigrations:
    """Implements `Migrations`."""

    undoes_ddl: ClassVar = True

    @contextmanager
    def lock(self, connection: Connection) -> Generator[Callable[[], bool], None, None]:
        """See `Migrations.lock`."""
        # The lock belongs to a transaction on a second connection: a migration may commit several times, and PgBouncer
        # gives each transaction a different session. If the lock is lost, a second process fails when it records its
        # revision, and its migration is undone. At READ COMMITTED, the idle transaction holds no snapshot.
        keeper = connection.engine.connect().execution_options(isolation_level="READ COMMITTED")

        def is_ours() -> bool:
            if keeper.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _KEY}):
                keeper.execute(_PATIENT)
                return True
            keeper.rollback()
            return False

        try:
            yield is_ours
        finally:
            with suppress(DBAPIError):
                keeper.close()

    def begin(self, connection: Connection) -> None:
        """See `Migrations.begin`. There is nothing to set up."""

    def fault(self, connection: Connection) -> str | None:  # noqa: ARG002
        """See `Migrations.fault`. The server enforces foreign keys all the time."""
        return None

    def loses_rows(self, connection: Connection, table: str) -> bool:  # noqa: ARG002
        """See `Migrations.loses_rows`. Tables are altered, not rebuilt."""
        return False

    def says_table_exists(self, error: DBAPIError) -> bool:
        """See `Migrations.says_table_exists`."""
        return sqlstate_of(error) == _DUPLICATE_TABLE
