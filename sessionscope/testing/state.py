"""The parts of a server database's state that a test can change."""

# ruff: noqa: S608 - the names are the catalog's own
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect


@dataclass(frozen=True)
class State:
    """The state of a database at one time.

    Attributes:
        schema: Differs if a table, an index, a trigger or a row from the migrations has changed.
        used: The tables that have rows but are empty in the template.
        counters: The counters or sequences that give out ids, each with its last id.
    """

    schema: frozenset[Any]
    used: frozenset[str] = frozenset()
    counters: frozenset[tuple[str, str]] = frozenset()


class Template:
    """The state of a database after the migrations, to which it is restored.

    Attributes:
        seeded: Tables with rows from the migrations, including Alembic's own table.
        empty: The other tables, quoted. Tables that refer to others come first.
        state: The state of the untouched database.
    """

    def __init__(self, connection: Connection, backend: Any) -> None:
        inspector = inspect(connection)
        order = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name is not None]
        self.known = set(order)
        self.seeded: list[str] = []
        self.empty: list[str] = []
        for name in reversed(order):
            quoted = f"{backend.quote}{name}{backend.quote}"
            has_rows = connection.exec_driver_sql(f"SELECT 1 FROM {quoted} LIMIT 1").first() is not None
            (self.seeded if has_rows else self.empty).append(quoted)
        self.state: State = backend.look(connection, self)
