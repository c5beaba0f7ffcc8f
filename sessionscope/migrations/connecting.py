"""The connection that migrates: what it may wait for, and what is said when that takes too long."""

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
        lock_timeout: Longest wait of a statement for a lock, with everybody else waiting behind it;
            unset: the settings'.
        statement_timeout: Longest run of a statement; 0: no limit. The settings' one is for requests.
        patience: Longest wait for another process that migrates the same database.
    """

    lock_timeout: float | None = None
    statement_timeout: float = 0
    patience: float = 300

    def applied_to(self, settings: DatabaseSettings) -> DatabaseSettings:
        """Return the settings of an engine that keeps to these limits."""
        lock_timeout = self.lock_timeout or settings.lock_timeout
        return settings.model_copy(update={"lock_timeout": lock_timeout, "statement_timeout": self.statement_timeout})


@contextmanager
def connected(
    settings: DatabaseSettings, limits: Limits, *, must_exist: bool = False
) -> Generator[Connection, None, None]:
    """Give the connection that migrates the database of *settings*.

    Args:
        settings: Where the database is.
        limits: How long to wait and work.
        must_exist: Whether a missing SQLite file is an error; it is created otherwise.

    Raises:
        CommandError: A limit was reached, or a table is there already.
    """
    settings = limits.applied_to(settings)
    location = DatabaseLocation(settings)
    # An in-memory database is always a new one.
    location.must_exist = must_exist and not location.private
    engine = build_engine(settings, location, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # A batch drops the old table, which must not take the rows that refer to it along.
                # It can't be switched in a transaction.
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            yield connection
    except DBAPIError as error:
        if told := _explain(error, settings, undoes=engine.dialect.name in ("postgresql", "sqlite")):
            raise CommandError(told) from error
        raise
    finally:
        engine.dispose()


def refuse_cascades(connection: Connection, name: str) -> None:
    """Refuse to make the table *name* anew on a connection that enforces foreign keys, while it has rows.

    SQLite drops the old table, and with it the rows that refer to it. Only a connection of the caller's enforces them.

    Raises:
        CommandError: It does.
    """
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar() and connection.scalar(
        select(exists().select_from(table(name)))
    ):
        raise CommandError(
            "this connection enforces foreign keys, and making a table anew would delete rows: say"
            " `PRAGMA foreign_keys = OFF` before the transaction begins, or let `db upgrade` connect by itself"
        )


def keep_autoincrement(inspector: Inspector, reflected: Table, column: Any) -> None:
    """See that a table of SQLite has AUTOINCREMENT, which SQLAlchemy does not look for, when *column* is reflected.

    A batch that makes the table anew would lose it, and ids would come again.
    """
    if inspector.dialect.name == "sqlite" and column["primary_key"] and isinstance(inspector.bind, Connection):
        look = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        made_by = inspector.bind.scalar(look, {"name": reflected.name})
        if re.search(r"\bAUTOINCREMENT\b", made_by or "", re.IGNORECASE):
            reflected.dialect_options["sqlite"]["autoincrement"] = True


event.listen(Table, "column_reflect", keep_autoincrement)


def refuse_orphans(ctx: Any, *_: Any, **__: Any) -> None:
    """Undo a migration on SQLite that leaves rows which refer to nothing: foreign keys are off meanwhile.

    Raises:
        CommandError: There is such a row.
    """
    if ctx.dialect.name == "sqlite" and not ctx.as_sql:
        orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise CommandError(f"rows of {orphans[0][0]} refer to rows of {orphans[0][2]} that are not there")


def _explain(error: DBAPIError, settings: DatabaseSettings, *, undoes: bool) -> str | None:
    """Return what a person should know of *error*, None where its own words say it."""
    if _says_table_exists(error):
        told = (
            f"a table is there that no finished migration made: {_statement_of(error)}. If the tables are what"
            " the models say, `db stamp` notes so; if they may go with all rows, `db drop` deletes them"
        )
        return told if undoes else f"{told}; what a failed migration left behind is to be removed by hand"
    failure = failure_of(error)
    if failure is Failure.LOCK_TIMEOUT:
        what = f"others held a lock for more than {settings.lock_timeout:g} s that the migration needs"
        hint = "try again when less is going on, or with a longer --lock-timeout"
    elif failure is Failure.STATEMENT_TIMEOUT and settings.statement_timeout:
        what = f"a statement ran for more than {settings.statement_timeout:g} s"
        hint = "try again with a longer --statement-timeout"
    else:
        return None
    state = (
        "This migration is undone"
        if undoes
        else "What this migration did before stays, as the server does not undo changes of tables"
    )
    return f"{what}: {_statement_of(error)}. {state}; {hint}"


def _says_table_exists(error: DBAPIError) -> bool:
    code = code_of(error)
    # SQLite has no code for it.
    return code in _TABLE_EXISTS or (code == "SQLITE_ERROR" and str(error.orig).endswith("already exists"))


def _statement_of(error: DBAPIError) -> str:
    statement = " ".join((error.statement or "connecting").split())
    return statement if len(statement) <= _LONGEST_STATEMENT else f"{statement[:_LONGEST_STATEMENT]} ..."
