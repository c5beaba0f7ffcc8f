"""Migrations: what they create, what they keep, and the commands that run them."""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import alembic
import pytest
from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Engine, func, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.models import Account, Post, User
from config import DatabaseSettings
from sessionscope.database import Base, init_db
from sessionscope.database.engine import build_engine
from sessionscope.migrations.running import configuration, drop_everything, upgrade
from sessionscope.testing.targets import Target
from tests.app.commands.commands import ROOT

# SQLite drops the old table and makes another.
BATCH = """\
recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
with op.batch_alter_table("users", recreate=recreate) as batch:
    batch.add_column(sa.Column("nickname", sa.String(10)))"""
TABLES = set(Base.metadata.tables)

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {parent!r}


def upgrade() -> None:
    {body}


def downgrade() -> None:
    pass
"""


@pytest.fixture(name="url")
def _url(target: Target, tmp_path: Path, request: pytest.FixtureRequest) -> URL:
    """Give the URL of a database without tables; SQLite's is in a folder whose name alembic.ini could not hold."""
    if target.url is not None:
        return make_url(request.getfixturevalue("empty_database_url"))
    folder = tmp_path / "100%"
    folder.mkdir()
    return make_url(f"sqlite:///{folder}/fresh.db")


@pytest.fixture(name="engine")
def _engine(url: URL) -> Iterator[Engine]:
    """Give an engine of the service on the fresh database."""
    engine = build_engine(DatabaseSettings(url=url.render_as_string(hide_password=False)))
    yield engine
    engine.dispose()


@pytest.fixture(name="more")
def _more(tmp_path: Path, url: URL) -> Config:
    """Give a configuration that finds the test's own migrations too."""
    (tmp_path / "versions").mkdir()
    config = configuration(url)
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join([f"{ROOT}/alembic/versions", f"{tmp_path}/versions"]))
    return config


def head() -> str:
    """Return the latest revision of the service."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


def write(tmp_path: Path, revision: str, parent: str, body: str) -> None:
    """Write a migration."""
    (tmp_path / "versions" / f"{revision}.py").write_text(
        MIGRATION.format(revision=revision, parent=parent, body=body.replace("\n", "\n    "))
    )


def tables(engine: Engine) -> set[str]:
    """Return the names of all tables."""
    return set(inspect(engine).get_table_names())


def revision_of(engine: Engine) -> list[str]:
    """Return the revisions that the database says it is at."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def schema_of(engine: Engine) -> dict[str, Any]:
    """Return everything that the database knows of its tables."""
    found = inspect(engine)
    return {
        name: {
            "columns": [column | {"type": repr(column["type"])} for column in found.get_columns(name)],
            "primary key": found.get_pk_constraint(name),
            "foreign keys": sorted(found.get_foreign_keys(name), key=lambda key: str(key["name"])),
            "unique": sorted(found.get_unique_constraints(name), key=lambda key: str(key["name"])),
            "checks": sorted(found.get_check_constraints(name), key=lambda key: str(key["name"])),
            "indexes": sorted(found.get_indexes(name), key=lambda index: str(index["name"])),
        }
        for name in sorted(tables(engine) - {"alembic_version"})
    }


def fill(engine: Engine) -> None:
    """Insert a user with a post and an account."""
    with sessionmaker(engine).begin() as session:
        user = User(email="a@example.com", username="a")
        session.add(user)
        session.flush()
        session.add_all(
            [Post(title="t", content="c", author_id=user.id), Account(owner_id=user.id, balance=Decimal(1))]
        )


def counts(engine: Engine) -> list[int | None]:
    """Count users, posts and accounts."""
    with Session(engine) as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in (User, Post, Account)]


class TestTree:
    def test_migrations_have_one_head(self) -> None:
        """With two heads, `upgrade head` would be ambiguous."""
        assert 1 == len(ScriptDirectory.from_config(configuration()).get_heads())

    def test_the_folder_is_no_package(self) -> None:
        """With an __init__.py, this folder would be imported in place of the library."""
        assert [] == list((ROOT / "alembic").rglob("__init__.py"))
        assert "site-packages" in Path(str(alembic.__file__)).parts


@pytest.mark.every_database
class TestUpgrade:
    def test_upgrade_downgrade_upgrade(self, url: URL, engine: Engine) -> None:
        """Every migration can be undone and applied again."""
        upgrade(url)
        first = schema_of(engine)
        assert set(first) == TABLES
        command.downgrade(configuration(url), "base")
        assert {"alembic_version"} == tables(engine)
        upgrade(url)
        assert first == schema_of(engine)
        command.check(configuration(url))

    def test_upgrade_makes_the_tables_of_the_models(self, url: URL, engine: Engine) -> None:
        """Columns, constraints, indexes and their names are those of create_all."""
        upgrade(url)
        found = schema_of(engine)
        drop_everything(engine)
        init_db(engine)
        assert schema_of(engine) == found
        parts = ("foreign keys", "unique", "checks", "indexes")
        assert all(key["name"] for table in found.values() for part in parts for key in table[part])

    def test_second_upgrade_does_nothing(self, url: URL, engine: Engine) -> None:
        """A database that is up to date stays as it is, with its rows."""
        upgrade(url)
        fill(engine)
        upgrade(url)
        assert [1, 1, 1] == counts(engine)

    def test_dropping_everything_makes_room_for_the_next(self, url: URL, engine: Engine) -> None:
        """Alembic's own table is dropped too. Otherwise, the next upgrade would find nothing to do."""
        upgrade(url)
        drop_everything(engine)
        assert set() == tables(engine)
        upgrade(url)
        assert TABLES <= tables(engine)

    def test_a_parent_table_can_be_made_anew(self, url: URL, engine: Engine, more: Config, tmp_path: Path) -> None:
        """A batch drops the old table. The rows that refer to it stay, and are checked afterwards."""
        upgrade(url)
        fill(engine)
        engine.dispose()
        write(tmp_path, "next", head(), BATCH)
        before = schema_of(engine)
        command.upgrade(more, "next")
        assert [1, 1, 1] == counts(engine)
        after = schema_of(engine)
        assert "nickname" == after["users"]["columns"].pop()["name"]
        assert before == after

    def test_sessions_enforce_foreign_keys_afterwards(self, url: URL, engine: Engine) -> None:
        """On SQLite, foreign keys are off only for the migration's own connection."""
        upgrade(url)
        fill(engine)
        with sessionmaker(engine)() as session, pytest.raises(IntegrityError):
            session.execute(text("DELETE FROM users"))

    def test_checks_hold_afterwards(self, url: URL, engine: Engine) -> None:
        """The database refuses values that no Python code checks."""
        upgrade(url)
        fill(engine)
        for wrong in (
            "UPDATE users SET role = 'root'",
            "UPDATE users SET role = 'ADMIN'",
            "UPDATE accounts SET balance = -1",
        ):
            with sessionmaker(engine)() as session, pytest.raises(DBAPIError):
                session.execute(text(wrong))


class TestFailure:
    @pytest.mark.parametrize(
        "body",
        [
            'op.create_table("half", sa.Column("id", sa.Integer()))\nop.execute("SELECT nonsense")',
            'op.drop_table("posts")\nop.execute("SELECT nonsense")',
            BATCH + '\nop.execute("SELECT nonsense")',
        ],
        ids=["create", "drop", "batch"],
    )
    # MariaDB commits at every CREATE, ALTER and DROP: half a migration stays.
    @pytest.mark.every_database(but=["mysql"])
    def test_half_a_migration_is_none(self, url: URL, engine: Engine, more: Config, tmp_path: Path, body: str) -> None:
        """A failed migration is rolled back, and the migrations before it stay."""
        upgrade(url)
        fill(engine)
        before = schema_of(engine)
        write(tmp_path, "next", head(), 'op.create_table("whole", sa.Column("id", sa.Integer()))')
        write(tmp_path, "last", "next", body)
        with pytest.raises(DBAPIError, match="nonsense"):
            command.upgrade(more, "head")
        assert ["next"] == revision_of(engine)
        after = schema_of(engine)
        del after["whole"]
        assert (before, [1, 1, 1]) == (after, counts(engine))

    def test_rows_must_refer_to_something(self, url: URL, engine: Engine, more: Config, tmp_path: Path) -> None:
        """Foreign keys are off during a migration, so one that leaves orphans is detected and rolled back."""
        upgrade(url)
        fill(engine)
        write(tmp_path, "next", head(), 'op.execute("DELETE FROM users")')
        with pytest.raises(CommandError, match="refer to rows of users that don't exist"):
            command.upgrade(more, "head")
        assert ([head()], [1, 1, 1]) == (revision_of(engine), counts(engine))

    def test_bad_settings_are_no_traceback(self) -> None:
        """The `alembic` command reports errors in the settings in its own format, without the values."""
        failed = run("oracle://user:s3cr3t@host/name", "current")
        told = failed.stdout + failed.stderr
        assert (True, False, False) == (failed.returncode != 0, "Traceback" in told, "s3cr3t" in told)
        assert "FAILED: APP_DATABASE__URL: database.url: unknown database dialect" in told


class TestConnection:
    # MariaDB commits at every CREATE, ALTER and DROP: half a migration stays.
    @pytest.mark.every_database(but=["mysql"])
    def test_migrations_use_a_given_connection(self, engine: Engine) -> None:
        """A migration on a caller's connection is part of the caller's transaction, which may be rolled back."""
        config = configuration()
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            with connection.begin() as transaction:
                command.upgrade(config, "head")
                assert set(inspect(connection).get_table_names()) >= TABLES
                transaction.rollback()
        assert set() == tables(engine)


class TestPassword:
    @pytest.mark.parametrize("place", ["argument", "settings"])
    def test_a_percent_sign_survives(self, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        """The URL goes to env.py as an object, because `%` in a string would be an interpolation."""
        written = "postgresql://user:100%25%28x%29s@host/name"
        monkeypatch.setenv("APP_DATABASE__URL", written if place == "settings" else "sqlite://")
        config = configuration(make_url(written) if place == "argument" else None)
        options: dict[str, Any] = {}
        with EnvironmentContext(config, ScriptDirectory.from_config(config), as_sql=True) as context:
            # It would load the dialect's driver.
            monkeypatch.setattr(context, "configure", lambda **given: options.update(given))
            monkeypatch.setattr(context, "begin_transaction", nullcontext)
            monkeypatch.setattr(context, "run_migrations", lambda: None)
            runpy.run_path(str(ROOT / "alembic" / "env.py"))
        assert "100%(x)s" == options["url"].password


def run(url: URL | str, *arguments: str, module: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `alembic` from a project's root."""
    program = [sys.executable, "-m", "alembic"] if module else [str(Path(sys.executable).with_name("alembic"))]
    return subprocess.run(  # noqa: S603 - our own command
        [*program, *arguments],
        cwd=ROOT,
        env=os.environ | {"APP_DATABASE__URL": str(url)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestCommand:
    def test_alembic_works_from_the_root(self, url: URL, engine: Engine) -> None:
        """The plain `alembic` command migrates the settings' database."""
        assert 0 == run(url, "upgrade", "head", module=False).returncode
        assert "(head)" in run(url, "current").stdout
        assert "No new upgrade operations" in run(url, "check").stdout
        assert 0 == run(url, "downgrade", "base").returncode
        assert [] == revision_of(engine)

    def test_alembic_writes_sql(self, url: URL) -> None:
        """Offline, it prints its SQL and connects to no database."""
        script = run(url, "upgrade", "head", "--sql").stdout
        assert all(f"CREATE TABLE {name} " in script for name in TABLES)
        assert not Path(str(url.database)).exists()

    def test_alembic_writes_sql_for_every_url_scheme(self) -> None:
        """SQLAlchemy doesn't know `postgres://`, which hosting platforms use."""
        assert "CREATE TABLE users " in run("postgres://user@host/name", "upgrade", "head", "--sql").stdout
