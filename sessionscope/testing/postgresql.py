"""Inspects a PostgreSQL database, and restores it to the state of the template."""

# ruff: noqa: S608 - the names are the catalog's own
from typing import Any, Final

from sqlalchemy import Connection, text

from sessionscope.testing.state import State, Template

# Rows of the catalog have the id of the transaction that wrote them, so every change of the schema is visible.
_CATALOGS: Final = ("class", "constraint", "trigger", "proc", "type", "namespace", "attrdef", "extension", "rewrite")
# Objects with a lower oid belong to the server.
_FIRST_OF_OURS: Final = 16384
_CHANGES: Final = " UNION ALL ".join(
    [
        *(f"SELECT '{name}', oid::text, xmin::text FROM pg_{name} WHERE oid >= {_FIRST_OF_OURS}" for name in _CATALOGS),
        f"SELECT 'column', attrelid || attname, xmin::text FROM pg_attribute WHERE attrelid >= {_FIRST_OF_OURS}",
        f"SELECT 'index', indexrelid::text, xmin::text FROM pg_index WHERE indexrelid >= {_FIRST_OF_OURS}",
    ]
)
_SEQUENCES: Final = (
    "SELECT 'sequence', quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value::text FROM pg_sequences"
)
# Leave out the connections of other users: ending them would be an error.
_END_CONNECTIONS: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pg_has_role(usesysid, 'USAGE')"
)


class PostgreSQL:
    """The operations on PostgreSQL. Restoring takes one query and at most one more message."""

    quote = '"'

    def create(self, connection: Connection, name: str) -> None:
        """Recreate the database, even if clients are still connected to the old one."""
        self.drop(connection, name)
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')

    def drop(self, connection: Connection, name: str) -> None:
        """Drop the database, even if clients are still connected to it."""
        if connection.scalar(text("SELECT true FROM pg_database WHERE datname = :name"), {"name": name}):
            # WITH (FORCE) would fail while autovacuum is connected, which only a superuser may end. Without it, the
            # server ends autovacuum itself.
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            connection.execute(_END_CONNECTIONS, {"name": name})
            connection.exec_driver_sql(f'DROP DATABASE "{name}"')

    def be_impatient(self, connection: Connection) -> None:
        """Wait only briefly for locks: a lock that a test left behind should be found, not waited for."""
        connection.exec_driver_sql("SET lock_timeout = '2s'")

    def look(self, connection: Connection, template: Template | None) -> State:
        """Return the state of the database."""
        seeded, empty = (template.seeded, template.empty) if template is not None else ([], [])
        parts = [f"SELECT 'schema', md5(string_agg(s::text, '' ORDER BY s::text)), '' FROM ({_CHANGES}) s", _SEQUENCES]
        parts += [
            f"SELECT 'rows', '{name}', md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t" for name in seeded
        ]
        parts += [f"SELECT 'used', '{name}', '' WHERE EXISTS (SELECT FROM {name})" for name in empty]
        found: list[Any] = list(connection.execute(text(" UNION ALL ".join(parts).replace(":", r"\:"))))
        return State(
            frozenset(tuple(row) for row in found if row[0] in ("schema", "rows")),
            frozenset(row[1] for row in found if row[0] == "used"),
            frozenset((row[1], row[2]) for row in found if row[0] == "sequence"),
        )

    def take_back(self, connection: Connection, template: Template, found: State) -> None:
        """Empty the tables that have rows, in an order that respects foreign keys, and reset the sequences."""
        work = [f"DELETE FROM {name}" for name in template.empty if name in found.used]
        before = dict(template.state.counters)
        for sequence, _ in found.counters - template.state.counters:
            last = before[sequence]
            start = f"(SELECT seqstart FROM pg_sequence WHERE seqrelid = '{sequence}'::regclass)"
            work.append(f"SELECT setval('{sequence}', {last or start}, {'true' if last else 'false'})")
        if work:
            connection.connection.cursor().execute(";".join(work))
