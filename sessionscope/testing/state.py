"""What there is in a server's database, as far as a test can change it."""

# ruff: noqa: S608 - the names are the catalog's own
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect


@dataclass(frozen=True)
class State:
    """The result of a look.

    Attributes:
        schema: Changes when a table, an index, a trigger does, or a row that migrations put there.
        used: The tables that have rows where the template has none.
        counters: What gives out ids, and the last one given.
    """

    schema: frozenset[Any]
    used: frozenset[str] = frozenset()
    counters: frozenset[tuple[str, str]] = frozenset()


class Template:
    """What a database is to be brought back to: as the migrations have made it.

    Attributes:
        seeded: Tables with rows from the migrations, Alembic's own among them.
        empty: The other tables, quoted; those that refer to others come first.
        state: What a look at the untouched database finds.
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
