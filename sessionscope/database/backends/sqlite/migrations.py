"""Migrations of an SQLite file. A table is changed by making a new one, so foreign keys are not enforced meanwhile."""

import fcntl
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Inspector, Table, event, exists, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.exc import DBAPIError

from sessionscope.database.backends.sqlite.failures import name_of


class SQLiteMigrations:
    """Implements `Migrations`."""

    undoes_ddl: ClassVar = True

    @contextmanager
    def lock(self, connection: Connection) -> Generator[Callable[[], bool], None, None]:
        """See `Migrations.lock`."""
        # Lock the folder, which leaves no file behind. Closing the database file would release SQLite's own locks.
        # A transaction would not do: each migration has its own, and another process could begin in between.
        file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
        connection.rollback()
        folder = os.open(Path(file).parent, os.O_RDONLY)

        def is_ours() -> bool:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            yield is_ours
        finally:
            os.close(folder)

    def begin(self, connection: Connection) -> None:
        """Turn off foreign keys: a batch drops the old table, which must not delete the rows that refer to it."""
        # SQLite ignores this pragma inside a transaction.
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")

    def fault(self, connection: Connection) -> str | None:
        """Find a row with a dangling foreign key."""
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return f"rows of {orphans[0][0]} refer to rows of {orphans[0][2]} that don't exist" if orphans else None

    def loses_rows(self, connection: Connection, table: str) -> bool:
        """See `Migrations.loses_rows`. It does if the connection enforces foreign keys, and the table has rows."""
        enforces = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        return bool(enforces and connection.scalar(select(exists().select_from(sql_table(table)))))

    def says_table_exists(self, error: DBAPIError) -> bool:
        """See `Migrations.says_table_exists`. There is no code for this error."""
        return name_of(error) == "SQLITE_ERROR" and str(error.orig).endswith("already exists")


def keep_autoincrement(inspector: Inspector, reflected: Table, column: Any) -> None:
    """Keep AUTOINCREMENT when *column* of a table is reflected, because SQLAlchemy does not reflect it.

    Otherwise a batch that rebuilds the table would drop it, and SQLite could give out ids again.
    """
    if inspector.dialect.name == "sqlite" and column["primary_key"] and isinstance(inspector.bind, Connection):
        look = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        made_by = inspector.bind.scalar(look, {"name": reflected.name})
        if re.search(r"\bAUTOINCREMENT\b", made_by or "", re.IGNORECASE):
            reflected.dialect_options["sqlite"]["autoincrement"] = True


event.listen(Table, "column_reflect", keep_autoincrement)
