"""Where the library looks for the migrations of a service."""

import re
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from dependency_injector import containers
from sqlalchemy import create_engine, inspect, make_url

from sessionscope import nested
from sessionscope.cli.asgi import build_asgi_app
from sessionscope.migrations.databases import UnknownDatabaseError, migrated_databases, migrated_names
from sessionscope.migrations.readiness import shipped_revisions
from sessionscope.migrations.running import (
    configuration,
    create_everything,
    drop_everything,
    find_project,
    upgrade,
)
from sessionscope.testing.template import MEMORY
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.service.settings import Settings

TABLE = '[tool.alembic]\nscript_location = "%(here)s/alembic"\n'
OTHER_TABLE = "[tool.ruff]\n"
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

given = context.config.attributes.get("connection")
connection = given or create_engine(context.config.attributes["url"], poolclass=pool.NullPool).connect()
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
if given is None:
    connection.close()
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", None


def upgrade():
    op.create_table("{revision}", sa.Column("id", sa.Integer))
"""


def make_project(folder: Path, revision: str) -> Path:
    """Make a folder with one migration, and return it."""
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(TABLE)
    (folder / "alembic" / "env.py").write_text(ENV)
    (versions / f"{revision}.py").write_text(MIGRATION.format(revision=revision))
    return folder


@pytest.fixture(name="start")
def _start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the working directory, an empty one, of a program that is in another empty folder."""
    (tmp_path / "start" / "here").mkdir(parents=True)
    (tmp_path / "elsewhere" / "service").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "start" / "here")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "elsewhere" / "service" / "__main__.py")])
    return tmp_path / "start" / "here"


class TestFindProject:
    def test_working_directory_comes_first(self, start: Path) -> None:
        """The program's folder is not looked at."""
        (start.parents[1] / "elsewhere" / "pyproject.toml").write_text(TABLE)
        (start / "pyproject.toml").write_text(TABLE)
        assert start == find_project()

    def test_folders_above_the_working_directory_count(self, start: Path) -> None:
        """A command works in every folder of a project."""
        (start.parent / "pyproject.toml").write_text(TABLE)
        assert start.parent == find_project()

    def test_other_pyproject_files_are_passed_over(self, start: Path) -> None:
        """A package of a larger repository may have its own."""
        (start / "pyproject.toml").write_text(OTHER_TABLE)
        (start.parent / "pyproject.toml").write_text(TABLE)
        assert start.parent == find_project()

    def test_folder_of_the_program_comes_second(self, start: Path) -> None:
        """``python -m service`` works in every directory."""
        elsewhere = start.parents[1] / "elsewhere"
        (elsewhere / "pyproject.toml").write_text(TABLE)
        assert elsewhere == find_project()

    def test_error_says_what_was_looked_for_where_and_what_to_do(self, start: Path) -> None:
        """Each starting point is named once."""
        program = start.parents[1] / "elsewhere" / "service"
        expected = (
            f"no pyproject.toml with the table [tool.alembic] in {start} or above it nor {program} or above it:"
            " change to the folder of your service, or name it with the argument `project`"
        )
        with pytest.raises(CommandError, match=f"^{re.escape(expected)}$"):
            find_project()


class TestProject:
    def test_it_is_found_by_default(self, start: Path) -> None:
        """Every function reads the same migrations."""
        make_project(start, "found")
        assert ["found"] == ScriptDirectory.from_config(configuration()).get_heads()

    def test_a_named_one_is_taken_from_any_directory(self, start: Path, tmp_path: Path) -> None:
        """The library doesn't search."""
        project = make_project(tmp_path / "named", "named")
        make_project(start, "found")
        assert ["named"] == ScriptDirectory.from_config(configuration(project=project)).get_heads()
        assert {"named"} == shipped_revisions(project).heads

    @pytest.mark.usefixtures("start")
    def test_upgrade_runs_its_migrations(self, tmp_path: Path) -> None:
        """Tables are made by the named project."""
        url = make_url(f"sqlite:///{tmp_path}/x.db")
        upgrade(url, project=make_project(tmp_path / "named", "named"))
        engine = create_engine(url)
        assert {"named", "alembic_version"} == set(inspect(engine).get_table_names())
        engine.dispose()

    @pytest.mark.usefixtures("start")
    def test_create_everything_stamps_its_head(self, tmp_path: Path) -> None:
        """A later upgrade has nothing to do."""
        project = make_project(tmp_path / "named", "named")
        engine = create_engine(f"sqlite:///{tmp_path}/x.db")
        create_everything(engine, project=project)
        with engine.connect() as connection:
            assert ["named"] == list(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
        engine.dispose()


ARCHIVE_INI = "[archive]\nscript_location = %(here)s/archive\n\n[loggers]\nkeys = root\n"


class TwoDatabases(containers.DeclarativeContainer):
    """A container with a second database."""

    database = nested(DatabaseContainer, settings=MEMORY)
    archive = nested(DatabaseContainer, settings=MEMORY)


@pytest.fixture(name="project")
def _project(start: Path) -> Path:
    """Give the project in the working directory, which has migrations for two databases."""
    make_project(start, "first")
    make_project(start / "temporary", "second")
    (start / "temporary" / "alembic").rename(start / "archive")
    (start / "alembic.ini").write_text(ARCHIVE_INI)
    return start


class TestNamedDatabase:
    def test_each_has_its_own_folder_of_migrations(self, project: Path, tmp_path: Path) -> None:
        """The first one's is in pyproject.toml, and another one's is in alembic.ini."""
        assert ("database", "archive") == migrated_names()
        for name, revision in (("database", "first"), ("archive", "second")):
            assert {revision} == shipped_revisions(project, name).heads
            upgrade(make_url(f"sqlite:///{tmp_path}/{name}.db"), database=name)
            engine = create_engine(f"sqlite:///{tmp_path}/{name}.db")
            assert {revision, "alembic_version"} == set(inspect(engine).get_table_names())
            engine.dispose()

    def test_what_its_section_leaves_out_is_taken_from_pyproject(self, project: Path) -> None:
        """The format of file names is the same for all databases."""
        with (project / "pyproject.toml").open("a") as file:
            file.write('file_template = "%%(year)d_%%(slug)s"\n')
        scripts = ScriptDirectory.from_config(configuration(database="archive"))
        assert ("%(year)d_%(slug)s", str(project / "archive")) == (scripts.file_template, str(scripts.dir))

    @pytest.mark.usefixtures("project")
    def test_tables_of_env_are_created_and_dropped(self, tmp_path: Path) -> None:
        """This env.py names no tables, so they are the library's: none."""
        engine = create_engine(f"sqlite:///{tmp_path}/x.db")
        create_everything(engine, database="archive")
        with engine.connect() as connection:
            assert ["second"] == list(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
        drop_everything(engine, database="archive")
        assert [] == inspect(engine).get_table_names()
        engine.dispose()

    def test_database_without_a_section_has_no_migrations(self, project: Path) -> None:
        """The error names the section and the file."""
        expected = (
            "the database 'journal' has no migrations: add a section [journal] with a script_location"
            f" to {project}/alembic.ini"
        )
        with pytest.raises(UnknownDatabaseError, match=f"^{re.escape(expected)}$"):
            configuration(database="journal")

    @pytest.mark.usefixtures("project")
    def test_databases_are_found_in_the_container(self) -> None:
        """By the name of the provider."""
        container = TwoDatabases()
        expected = {"database": container.database, "archive": container.archive}
        assert expected == migrated_databases(container, migrated_names())

    @pytest.mark.usefixtures("project")
    def test_server_does_not_start_with_a_section_that_fits_no_database(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """A misspelt name would leave a database unchecked."""
        settings = Settings.model_validate({"database": {"url": f"sqlite:///{tmp_path}/x.db"}})
        with pytest.raises(SystemExit) as ended:
            build_asgi_app(lambda: create_app(ApplicationContainer(settings=settings)))
        expected = (
            "alembic.ini has migrations for the database 'archive', which the container doesn't have: it has database\n"
        )
        assert (3, expected) == (ended.value.code, capsys.readouterr().err)
