"""The `db` commands of a service with two databases."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import URL, Engine, NullPool, func, inspect, select, text
from typer.testing import CliRunner, Result

from examples.two_databases.shop import Entry, Sale
from sessionscope.cli import build_cli
from sessionscope.database.engine import build_engine
from sessionscope.testing.server_database import settings_of
from sessionscope.testing.targets import Target

pytestmark = [pytest.mark.every_database, pytest.mark.isolation("none")]

Invoke = Callable[..., Result]
JOURNAL = ["db", "--database", "journal"]


@pytest.fixture(name="engines")
def _engines(urls: tuple[URL, URL]) -> Iterator[list[Engine]]:
    """Give an engine on each database."""
    engines = [build_engine(settings_of(url), poolclass=NullPool) for url in urls]
    yield engines
    for engine in engines:
        engine.dispose()


def tables(engines: list[Engine]) -> list[set[str]]:
    """Return the names of the tables in each database."""
    return [set(inspect(engine).get_table_names()) for engine in engines]


def count(engine: Engine, model: type[Sale] | type[Entry]) -> int | None:
    """Return how many rows a table has."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model))


def succeed(invoke: Invoke, *arguments: str) -> str:
    """Run a command that must succeed, and return its output."""
    done = invoke(*arguments)
    assert 0 == done.exit_code, done.output
    return done.stdout


class TestMigrating:
    def test_each_database_is_migrated_alone(self, invoke: Invoke, engines: list[Engine]) -> None:
        """`upgrade` and `downgrade` change the database that is named, with its own migrations, and no other."""
        succeed(invoke, *JOURNAL, "upgrade")
        assert [set(), {"entries", "alembic_version"}] == tables(engines)
        succeed(invoke, "db", "upgrade")
        assert [{"sales", "alembic_version"}, {"entries", "alembic_version"}] == tables(engines)
        succeed(invoke, *JOURNAL, "downgrade", "base", "--yes")
        assert [{"sales", "alembic_version"}, {"alembic_version"}] == tables(engines)

    def test_check_compares_each_with_its_own_models(self, invoke: Invoke, engines: list[Engine]) -> None:
        """The tables of the other database are neither missing nor too many."""
        for chosen in (["db"], JOURNAL):
            succeed(invoke, *chosen, "upgrade")
            assert "The database matches the models." in succeed(invoke, *chosen, "check")
        with engines[1].begin() as connection:
            connection.execute(text("ALTER TABLE entries ADD COLUMN surprise INTEGER"))
        assert [0, 1] == [invoke(*chosen, "check").exit_code for chosen in (["db"], JOURNAL)]

    def test_init_and_drop_take_the_tables_of_the_database(self, invoke: Invoke, engines: list[Engine]) -> None:
        """`init` creates the tables that the database's own env.py names, and `drop` deletes them."""
        succeed(invoke, "db", "init")
        succeed(invoke, *JOURNAL, "init")
        assert [{"sales", "alembic_version"}, {"entries", "alembic_version"}] == tables(engines)
        succeed(invoke, *JOURNAL, "upgrade")
        succeed(invoke, *JOURNAL, "drop", "--yes")
        assert [{"sales", "alembic_version"}, set()] == tables(engines)
        succeed(invoke, *JOURNAL, "upgrade")

    def test_a_services_own_command_follows_the_option(self, invoke: Invoke, engines: list[Engine]) -> None:
        """`seed` fills the database that is named."""
        for chosen in (["db"], JOURNAL):
            succeed(invoke, *chosen, "upgrade")
        succeed(invoke, *JOURNAL, "seed", "--rows", "3")
        succeed(invoke, "db", "seed", "--rows", "2")
        assert (2, 3) == (count(engines[0], Sale), count(engines[1], Entry))


class TestMistakes:
    @pytest.mark.parametrize("command", ["upgrade", "check", "init", "seed"])
    def test_unknown_name_lists_the_known_ones(self, invoke: Invoke, engines: list[Engine], command: str) -> None:
        """A wrong name is one line, and no database is touched or created."""
        done = invoke("db", "--database", "diary", command)
        assert (1, "there is no database 'diary': choose from database, journal\n") == (done.exit_code, done.stderr)
        assert [set(), set()] == tables(engines)

    def test_missing_file_names_the_command_that_creates_it(self, invoke: Invoke, target: Target) -> None:
        """The hint has the option."""
        if target.url is not None:
            pytest.skip("a server has no files")
        done = invoke(*JOURNAL, "current")
        assert 1 == done.exit_code
        assert "`db --database journal upgrade` creates it" in done.stderr

    def test_command_that_takes_no_database_refuses_the_option(self) -> None:
        """The command would work on the first database, which the user did not name."""
        cli = build_cli(
            help="",
            settings="examples.two_databases.shop:ShopSettings",
            container="examples.two_databases.shop:ShopContainer",
            create_app="examples.two_databases.shop:create_app",
            app="examples.two_databases.asgi:app",
        )

        @cli.db.command()
        def purge() -> None:
            with cli.container():
                raise AssertionError

        done = CliRunner().invoke(cli, [*JOURNAL, "purge"])
        expected = "this command works on the whole service: leave --database out\n"
        assert (2, expected) == (done.exit_code, done.stderr)
        # The option of one command is not the next one's.
        assert isinstance(CliRunner().invoke(cli, ["db", "purge"]).exception, AssertionError)
