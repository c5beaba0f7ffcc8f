"""Migration 0003 makes sure that SQLite never uses an id again, and keeps every row."""

from typing import Any, Final

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import URL, Engine, Integer, inspect, text

from sessionscope.database import Base
from sessionscope.migrations.running import configuration
from tests.app.migrations.places import HEAD, Migrations, revisions

USERS: Final = """INSERT INTO users (id, email, username, is_active, role, created_at, updated_at) VALUES
    (3, 'three@example.com', 'three', true, 'user', '2026-01-31 12:00:00', '2026-01-31 12:00:00'),
    (7, 'seven@example.com', 'seven', true, 'user', '2026-01-31 12:00:00', '2026-01-31 12:00:00')"""
ROWS: Final = [
    USERS,
    "INSERT INTO posts VALUES (5, 't', 'c', 7, '2026-01-31 12:00:00', '2026-01-31 12:00:00')",
    """INSERT INTO accounts VALUES
    (1, 3, 100, '2026-01-31 12:00:00', '2026-01-31 12:00:00'),
    (9, 3, 100, '2026-01-31 12:00:00', '2026-01-31 12:00:00')""",
    "INSERT INTO transfers VALUES (4, 1, 9, 50, '2026-01-31 12:00:00')",
]
POST: Final = """INSERT INTO posts (title, content, author_id, created_at, updated_at)
    VALUES ('t', 'c', 7, '2026-01-31 12:00:00', '2026-01-31 12:00:00')"""
TABLES: Final = ("users", "posts", "accounts", "transfers")
# SQLite drops the old table and makes another, so this migration is the test's own.
BATCH: Final = """recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
with op.batch_alter_table("posts", recreate=recreate) as batch:
    batch.add_column(sa.Column("subtitle", sa.String(10)))"""


@pytest.fixture(name="rows")
def _rows(engine: Engine, migrations: Migrations) -> dict[str, list[Any]]:
    """Migrate to 0002, fill every table, and return the rows."""
    migrations.up("0002")
    with engine.begin() as connection:
        for statement in ROWS:
            connection.execute(text(statement))
    return rows_of(engine)


def rows_of(engine: Engine) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with engine.connect() as connection:
        return {name: list(connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))) for name in TABLES}  # noqa: S608 - ours


def next_post(engine: Engine) -> int:
    """Insert a post, and return its id."""
    with engine.begin() as connection:
        connection.execute(text(POST))
        return int(connection.scalar(text("SELECT max(id) FROM posts")) or 0)


class TestRows:
    def test_rows_survive_upgrade_and_downgrade(
        self, engine: Engine, migrations: Migrations, rows: dict[str, list[Any]]
    ) -> None:
        """Rows keep their ids and references, and the foreign keys are enforced afterwards."""
        for _ in range(2):
            migrations.up("0003")
            assert rows == rows_of(engine)
            migrations.down("0002")
            assert rows == rows_of(engine)
        migrations.up("0003")
        for statement in ("DELETE FROM users WHERE id = 3", "DELETE FROM accounts"):
            with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
                connection.execute(text(statement))
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM users WHERE id = 7"))
        assert [] == rows_of(engine)["posts"]

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("rows")
    def test_ids_go_on_above_the_highest(self, url: URL, engine: Engine, migrations: Migrations) -> None:
        """A new row gets neither the id of a deleted row nor that of an existing one."""
        assert url
        migrations.up("0003")
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM posts"))
        assert 6 == next_post(engine)

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    def test_a_caller_that_enforces_foreign_keys_is_refused(
        self, url: URL, engine: Engine, rows: dict[str, list[Any]]
    ) -> None:
        """Dropping the old table would delete the posts with it."""
        config = configuration(url)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            with pytest.raises(CommandError, match="PRAGMA foreign_keys = OFF"):
                command.upgrade(config, "0003")
        assert (["0002"], rows) == (revisions(engine), rows_of(engine))


class TestTables:
    def test_every_integer_key_is_autoincrement(self) -> None:
        """A new table without it would use ids again, only on SQLite."""
        forgotten = [
            name
            for name, table in Base.metadata.tables.items()
            if isinstance(next(iter(table.primary_key)).type, Integer)
            if not table.dialect_options["sqlite"]["autoincrement"]
        ]
        assert [] == forgotten

    def test_recreated_table_keeps_autoincrement(self, url: URL, engine: Engine, migrations: Migrations) -> None:
        """Alembic copies the table that SQLAlchemy reflects, which lacks AUTOINCREMENT."""
        assert url
        migrations.up(HEAD)
        migrations.add("subtitle", BATCH)
        with engine.begin() as connection:
            connection.execute(text(USERS))
        first = next_post(engine)
        migrations.up()
        assert "subtitle" in {column["name"] for column in inspect(engine).get_columns("posts")}
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM posts"))
        assert first < next_post(engine)
