"""Migrations of a MySQL or MariaDB database, which commit at every CREATE, ALTER and DROP."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import ClassVar, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.mysql.failures import number_of

_TABLE_EXISTS: Final = 1050
# A name is shared by the whole server and has at most 64 characters. Each node of a Galera cluster has its own names.
_NAME: Final = "CONCAT('migrations of ', MD5(DATABASE()))"


class MySQLMigrations:
    """Implements `Migrations`."""

    undoes_ddl: ClassVar = False

    @contextmanager
    def lock(self, connection: Connection) -> Generator[Callable[[], bool], None, None]:
        """See `Migrations.lock`."""

        def is_ours() -> bool:
            is_free = connection.scalar(text(f"SELECT GET_LOCK({_NAME}, 0)"))
            connection.rollback()
            return bool(is_free)

        try:
            yield is_ours
        finally:
            # A broken connection has lost its lock already.
            with suppress(DBAPIError):
                connection.rollback()
                connection.execute(text(f"DO RELEASE_LOCK({_NAME})"))
                connection.rollback()

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
        return number_of(error) == _TABLE_EXISTS
