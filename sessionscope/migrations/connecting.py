"""The connection that migrations use: its time limits, and the errors when they are reached."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy import Connection, NullPool
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.backend import Migrations
from sessionscope.database.engine import build_engine
from sessionscope.database.errors import Failure, failure_of
from sessionscope.database.location import DatabaseLocation
from sessionscope.settings import DatabaseSettings

_LONGEST_STATEMENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a migration may wait and work, in seconds.

    Attributes:
        lock_timeout: Longest wait of a statement for a lock. Meanwhile, other clients wait behind the statement. If
            None, the value in the settings.
        statement_timeout: Longest run of a statement. 0 means no limit. The value in the settings is for requests
            and does not apply.
        patience: Longest wait for another process that is migrating the same database.
    """

    lock_timeout: float | None = None
    statement_timeout: float = 0
    patience: float = 300

    def applied_to(self, settings: DatabaseSettings) -> DatabaseSettings:
        """Return *settings* with these limits, for an engine."""
        lock_timeout = self.lock_timeout or settings.lock_timeout
        return settings.model_copy(update={"lock_timeout": lock_timeout, "statement_timeout": self.statement_timeout})


@contextmanager
def connected(
    settings: DatabaseSettings, limits: Limits, *, must_exist: bool = False
) -> Generator[Connection, None, None]:
    """Yield a connection for migrating the database of *settings*.

    Args:
        settings: Where the database is.
        limits: How long a migration may wait and work.
        must_exist: Whether a missing SQLite file is an error. Otherwise it is created.

    Raises:
        CommandError: A limit was reached, or a table exists already.
    """
    settings = limits.applied_to(settings)
    location = DatabaseLocation(settings)
    # An in-memory database is always a new one.
    location.must_exist = must_exist and not location.private
    engine = build_engine(settings, location, poolclass=NullPool)
    migrations = backend_of(engine.dialect.name).migrations
    try:
        with engine.connect() as connection:
            migrations.begin(connection)
            yield connection
    except DBAPIError as error:
        if told := _explain(error, settings, migrations):
            raise CommandError(told) from error
        raise
    finally:
        engine.dispose()


def refuse_cascades(connection: Connection, name: str) -> None:
    """Refuse to rebuild the table *name* if it has rows and the connection enforces foreign keys.

    When SQLite drops the old table, it would delete the rows that refer to it. Only a connection that the caller
    passes in enforces foreign keys.

    Raises:
        CommandError: The table has rows, and the connection enforces foreign keys.
    """
    if backend_of(connection.dialect.name).migrations.loses_rows(connection, name):
        raise CommandError(
            "this connection enforces foreign keys, so rebuilding a table would delete rows: execute"
            " `PRAGMA foreign_keys = OFF` before the transaction begins, or let `db upgrade` make its own connection"
        )


def refuse_faults(ctx: Any, *_: Any, **__: Any) -> None:
    """Undo a migration that leaves rows with dangling foreign keys, on a database that does not enforce them meanwhile.

    Raises:
        CommandError: There is such a row.
    """
    if not ctx.as_sql and (fault := backend_of(ctx.dialect.name).migrations.fault(ctx.connection)):
        raise CommandError(fault)


def _explain(error: DBAPIError, settings: DatabaseSettings, migrations: Migrations) -> str | None:
    """Return a message for the user about *error*, or None if its own text is clear enough."""
    if migrations.says_table_exists(error):
        told = (
            f"a table exists that no completed migration made: {_statement_of(error)}. If the tables match the"
            " models, run `db stamp`; if you don't need the tables and their rows, run `db drop`"
        )
        return (
            told if migrations.undoes_ddl else f"{told}; if a failed migration left the table behind, remove it by hand"
        )
    failure = failure_of(error)
    if failure is Failure.LOCK_TIMEOUT:
        what = f"other clients held a lock that the migration needs for more than {settings.lock_timeout:g} s"
        hint = "try again when the database is less busy, or with a longer --lock-timeout"
    elif failure is Failure.STATEMENT_TIMEOUT and settings.statement_timeout:
        what = f"a statement ran for more than {settings.statement_timeout:g} s"
        hint = "try again with a longer --statement-timeout"
    else:
        return None
    state = (
        "This migration was undone"
        if migrations.undoes_ddl
        else "The migration's earlier changes stay, because the server can't roll back changes to tables"
    )
    return f"{what}: {_statement_of(error)}. {state}; {hint}"


def _statement_of(error: DBAPIError) -> str:
    statement = " ".join((error.statement or "connecting").split())
    return statement if len(statement) <= _LONGEST_STATEMENT else f"{statement[:_LONGEST_STATEMENT]} ..."
