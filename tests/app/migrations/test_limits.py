"""How long a migration waits for locks and statements, and what it reports when it gives up."""

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, NullPool, inspect, text

from sessionscope.database.engine import build_engine
from sessionscope.migrations.connecting import Limits, connected
from sessionscope.migrations.running import configuration
from sessionscope.testing.server_database import settings_of
from tests.app.migrations.places import HEAD, Command, Migrations, revisions, tables

NICKNAME: Final = 'op.add_column("users", sa.Column("nickname", sa.String(10)))'
LOCKING: Final = {
    "sqlite": "INSERT INTO idempotency_keys VALUES ('k', 'r', NULL, '2026-01-01')",
    "postgresql": "SELECT 1 FROM users",
    "mysql": "SELECT 1 FROM users",
}


@contextmanager
def in_use(engine: Engine) -> Generator[None, None, None]:
    """Hold a transaction open that has used the table users."""
    with engine.connect() as connection:
        connection.execute(text(LOCKING[engine.dialect.name]))
        yield


class TestLockTimeout:
    def test_a_table_in_use_is_not_waited_for_long(self, engine: Engine, migrations: Migrations) -> None:
        """A waiting ALTER blocks all others from the table, so it gives up and says what to do."""
        migrations.up()
        migrations.add("nickname", NICKNAME)
        began = monotonic()
        with in_use(engine), pytest.raises(CommandError, match=r"held a lock .* for more than 1 s: .* --lock-timeout"):
            migrations.up(lock_timeout=1)
        assert 0.9 < monotonic() - began < 9
        assert [HEAD] == revisions(engine)
        migrations.up()
        assert "nickname" in {column["name"] for column in inspect(engine).get_columns("users")}

    @pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
    def test_lock_timeout_names_the_statement(self, url: URL, engine: Engine, migrations: Migrations) -> None:
        """PostgreSQL rolls the migration back, MariaDB can't, and the message says which."""
        migrations.up()
        migrations.add("nickname", f'op.create_table("first", sa.Column("id", sa.Integer()))\n{NICKNAME}')
        with in_use(engine), pytest.raises(CommandError) as failure:
            migrations.up(lock_timeout=1)
        told, undoes = str(failure.value), url.get_backend_name() == "postgresql"
        assert "ALTER TABLE users ADD COLUMN nickname VARCHAR(10)" in told
        assert (undoes, not undoes) == ("This migration was undone" in told, "earlier changes stay" in told)
        assert undoes == ("first" not in tables(engine))
        assert [HEAD] == revisions(engine)

    def test_looking_waits_for_nobody(self, url: URL, engine: Engine, migrations: Migrations) -> None:
        """`current` only reads, so no transaction blocks it."""
        migrations.up()
        with in_use(engine):
            command.current(configuration(url, Limits(lock_timeout=0.1)))

    def test_command_takes_a_lock_timeout(self, engine: Engine, migrations: Migrations, db: Command) -> None:
        """`db downgrade --lock-timeout` fails with one line and exit code 1."""
        migrations.up()
        with in_use(engine):
            told = db("downgrade", "base", "--yes", "--lock-timeout", "1")
        assert (1, 1) == (told.exit_code, len(told.stderr.splitlines()))
        assert "held a lock that the migration needs for more than 1 s" in told.stderr


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
class TestStatementTimeout:
    def test_no_statement_timeout_by_default(self, url: URL) -> None:
        """The timeout in the settings is for requests. Creating an index may take longer."""
        settings = settings_of(url).model_copy(update={"statement_timeout": 1.0})
        assert 0 == self._limit(settings, Limits())
        assert 20 == self._limit(settings, Limits(statement_timeout=20))

    def test_statement_timeout_stops_a_statement(self, url: URL, engine: Engine, migrations: Migrations) -> None:
        """A statement timeout that you ask for is applied, and has its own message."""
        sleep = (
            "SELECT pg_sleep(5)" if url.get_backend_name() == "postgresql" else "SELECT SLEEP(5) FROM alembic_version"
        )
        migrations.up()
        migrations.add("slow", f'op.execute("{sleep}")')
        with pytest.raises(CommandError, match=r"ran for more than 0.3 s: SELECT .* --statement-timeout"):
            migrations.up(statement_timeout=0.3)
        assert [HEAD] == revisions(engine)

    @staticmethod
    def _limit(settings: Any, limits: Limits) -> float:
        with connected(settings, limits) as connection:
            return limit_of(connection)


def limit_of(connection: Connection) -> float:
    """Return the longest run of a statement that the server allows, in seconds."""
    if connection.dialect.name == "postgresql":
        return (
            float(connection.scalar(text("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")) or 0)
            / 1000
        )
    return float(connection.scalar(text("SELECT @@max_statement_time")) or 0)


def test_servers_limits_are_the_migrations(postgresql: Any) -> None:
    """Behind PgBouncer, the limits are set in each transaction, because the session is shared."""
    settings = settings_of(postgresql.url()).model_copy(update={"pgbouncer": True})
    engine = build_engine(Limits(lock_timeout=3).applied_to(settings), poolclass=NullPool)
    with engine.connect() as connection:
        assert "3s" == connection.scalar(text("SHOW lock_timeout"))
        assert "0" == connection.scalar(text("SHOW statement_timeout"))
