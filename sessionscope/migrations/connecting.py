"""The connection that migrations use: its time limits, and the errors when they are reached."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy import Connection, Inspector, NullPool, Table, event, exists, select, table, text
from sqlalchemy.exc import DBAPIError

from sessionscope.database.engine import build_engine
from sessionscope.database.failures import Failure, code_of, failure_of
from sessionscope.database.location import DatabaseLocation
from sessionscope.settings import DatabaseSettings

_LONGEST_STATEMENT: Final = 100
_TABLE_EXISTS: Final = ("42P07", 1050)


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
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # A batch drops the old table, which must not delete the rows that refer to it.
                # SQLite ignores this pragma inside a transaction.
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            yield connection
    except DBAPIError as error:
        if told := _explain(error, settings, undoes=engine.dialect.name in ("postgresql", "sqlite")):
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
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar() and connection.scalar(
        select(exists().select_from(table(name)))
    ):
        raise CommandError(
            "this connection enforces foreign keys, so rebuilding a table would delete rows: execute"
            " `PRAGMA foreign_keys = OFF` before the transaction begins, or let `db upgrade` make its own connection"
        )


def keep_autoincrement(inspector: Inspector, reflected: Table, column: Any) -> None:
    """Keep AUTOINCREMENT when *column* of an SQLite table is reflected, because SQLAlchemy does not reflect it.

    Otherwise a batch that rebuilds the table would drop it, and SQLite could give out ids again.
    """
    if inspector.dialect.name == "sqlite" and column["primary_key"] and isinstance(inspector.bind, Connection):
        look = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        made_by = inspector.bind.scalar(look, {"name": reflected.name})
        if re.search(r"\bAUTOINCREMENT\b", made_by or "", re.IGNORECASE):
            reflected.dialect_options["sqlite"]["autoincrement"] = True


event.listen(Table, "column_reflect", keep_autoincrement)


def refuse_orphans(ctx: Any, *_: Any, **__: Any) -> None:
    """Undo a migration on SQLite that leaves rows with dangling foreign keys, which are not enforced meanwhile.

    Raises:
        CommandError: There is such a row.
    """
    if ctx.dialect.name == "sqlite" and not ctx.as_sql:
        orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise CommandError(f"rows of {orphans[0][0]} refer to rows of {orphans[0][2]} that don't exist")


def _explain(error: DBAPIError, settings: DatabaseSettings, *, undoes: bool) -> str | None:
    """Return a message for the user about *error*, or None if its own text is clear enough."""
    if _says_table_exists(error):
        told = (
            f"a table exists that no completed migration made: {_statement_of(error)}. If the tables match the"
            " models, run `db stamp`; if you don't need the tables and their rows, run `db drop`"
        )
        return told if undoes else f"{told}; if a failed migration left the table behind, remove it by hand"
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
        if undoes
        else "The migration's earlier changes stay, because the server can't roll back changes to tables"
    )
    return f"{what}: {_statement_of(error)}. {state}; {hint}"


def _says_table_exists(error: DBAPIError) -> bool:
    code = code_of(error)
    # SQLite has no code for this error.
    return code in _TABLE_EXISTS or (code == "SQLITE_ERROR" and str(error.orig).endswith("already exists"))


def _statement_of(error: DBAPIError) -> str:
    statement = " ".join((error.statement or "connecting").split())
    return statement if len(statement) <= _LONGEST_STATEMENT else f"{statement[:_LONGEST_STATEMENT]} ..."
