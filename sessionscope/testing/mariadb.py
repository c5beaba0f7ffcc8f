"""Inspects a MariaDB database, and restores it to the state of the template."""

# ruff: noqa: S608 - the names are the catalog's own
import re
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from sessionscope.testing.state import State, Template

_COUNTER: Final = re.compile(r" AUTO_INCREMENT=(\d+)")
_NO_SUCH_THREAD: Final = 1094
_OTHERS: Final = (
    "SHOW TRIGGERS",
    "SELECT routine_name, md5(routine_definition) FROM information_schema.routines WHERE routine_schema = DATABASE()",
)


class MariaDB:
    """The operations on MariaDB."""

    quote = "`"

    def create(self, connection: Connection, name: str) -> None:
        """Recreate the database, even if clients are still connected to the old one."""
        self.drop(connection, name)
        connection.exec_driver_sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")

    def drop(self, connection: Connection, name: str) -> None:
        """Drop the database. First end the connections to it, which may hold locks on its tables."""
        processes = "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()"
        for (process,) in connection.exec_driver_sql(processes, (name,)).all():
            self._kill(connection, process)
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{name}`")

    def _kill(self, connection: Connection, process: int) -> None:
        try:
            connection.exec_driver_sql(f"KILL {process}")
        except OperationalError as error:
            # The connection may have ended since it was listed.
            if error.orig is None or error.orig.args[0] != _NO_SUCH_THREAD:
                raise

    def be_impatient(self, connection: Connection) -> None:
        """Wait only briefly for locks: a lock that a test left behind should be found, not waited for."""
        connection.exec_driver_sql("SET lock_wait_timeout = 2, innodb_lock_wait_timeout = 2")

    def look(self, connection: Connection, template: Template | None) -> State:
        """Return the state of the database."""

        def ask(statement: str) -> list[Any]:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

        tables = [name for name, _ in ask("SHOW FULL TABLES")]
        written = {name: ask(f"SHOW CREATE TABLE `{name}`")[0][1] for name in tables}
        schema = {(name, _COUNTER.sub("", made)) for name, made in written.items()}
        schema |= {each for question in _OTHERS for each in ask(question)}
        used: list[Any] = []
        if template is not None and template.known <= set(tables):
            schema |= set(ask(f"CHECKSUM TABLE {', '.join(template.seeded)}")) if template.seeded else set()
            parts = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in template.empty]
            used = ask(" UNION ALL ".join(parts)) if parts else []
        counters = {(f"`{name}`", found[1]) for name, made in written.items() if (found := _COUNTER.search(made))}
        return State(frozenset(schema), frozenset(name for (name,) in used), frozenset(counters))

    def take_back(self, connection: Connection, template: Template, found: State) -> None:
        """Empty the tables that have rows or have given out ids."""
        counted = {name for name, _ in found.counters - template.state.counters}
        used = [name for name in template.empty if name in found.used or name in counted]
        if used:
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            for name in used:
                # TRUNCATE would do both at once, but it is slower.
                connection.exec_driver_sql(f"DELETE FROM {name}")
                if name in counted:
                    connection.exec_driver_sql(f"ALTER TABLE {name} AUTO_INCREMENT = 1")
            connection.exec_driver_sql("SET foreign_key_checks = 1")
