"""Runs migrations from Python, as `alembic` does from the command line."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Engine, MetaData, Table, inspect
from sqlalchemy.schema import DropTable

from sessionscope.database.base import Base
from sessionscope.lifetimes.nesting import MAIN
from sessionscope.migrations.connecting import Limits
from sessionscope.migrations.databases import (
    ALEMBIC_INI,
    UnknownDatabaseError,
    named_in,
    project_starts,
    search_project,
)
from sessionscope.settings import DatabaseSettings


def find_project() -> Path:
    """Return the folder whose ``pyproject.toml`` has the table ``[tool.alembic]``.

    The search goes upwards from the working directory, then from the folder of the program. For
    ``python -m service``, that is the folder of ``service/__main__.py``.

    Raises:
        CommandError: There is no such folder.
    """
    project = search_project()
    if project is not None:
        return project
    places = " nor ".join(f"{start} or above it" for start in project_starts())
    raise CommandError(
        f"no pyproject.toml with the table [tool.alembic] in {places}: change to the folder of your service,"
        " or name it with the argument `project`"
    )


def configuration(
    url: URL | None = None,
    limits: Limits | None = None,
    *,
    settings: DatabaseSettings | None = None,
    project: Path | None = None,
    database: str = MAIN,
) -> Config:
    """Return Alembic's configuration, read from ``pyproject.toml``.

    Another database than `database` has a section of its own in ``alembic.ini``, beside that file. What the section
    doesn't set is taken from ``pyproject.toml``, as by ``alembic --name``.

    Args:
        url: The database to migrate, with its password. By default, the URL in the settings. It is passed as an
            object, because Alembic would interpolate a ``%`` in a text.
        limits: How long a migration may wait and work. By default, the defaults of `Limits`.
        settings: The settings of the database, if there is no *url*. By default, they are read from their sources.
        project: The folder of the ``pyproject.toml``. By default, `find_project` looks for it.
        database: The name of the database in the container.

    Raises:
        CommandError: There is no *project*, and none was found.
        UnknownDatabaseError: ``alembic.ini`` has no section for *database*.
    """
    project = project or find_project()
    config = Config(toml_file=project / "pyproject.toml")
    if database != MAIN:
        if database not in named_in(project):
            raise UnknownDatabaseError(
                f"the database {database!r} has no migrations: add a section [{database}] with a script_location"
                f" to {project / ALEMBIC_INI}"
            )
        config = Config(project / ALEMBIC_INI, project / "pyproject.toml", database)
    config.attributes["url"] = url
    config.attributes["settings"] = settings
    config.attributes["limits"] = limits
    return config


def upgrade(
    url: URL | None = None,
    revision: str = "head",
    limits: Limits | None = None,
    *,
    project: Path | None = None,
    database: str = MAIN,
) -> None:
    """Upgrade the database at *url* to *revision*. If several processes call this at once, one of them does the work.

    The arguments are those of `configuration`.
    """
    command.upgrade(configuration(url, limits, project=project, database=database), revision)


def create_everything(engine: Engine, *, project: Path | None = None, database: str = MAIN) -> None:
    """Create the tables without migrations, and stamp the database at the newest revision.

    If any of the tables exists already, the database is not stamped, because the table may belong to older models.

    Args:
        engine: Connects to the database.
        project: As for `configuration`.
        database: As for `configuration`.

    Raises:
        CommandError: Migrations made the tables, and there are newer migrations.
    """
    config = configuration(project=project, database=database)
    with engine.begin() as connection:
        noted = MigrationContext.configure(connection).get_current_heads()
        heads = ScriptDirectory.from_config(config).get_heads()
        if noted and set(noted) != set(heads):
            raise CommandError(f"the database is at {', '.join(noted)}: run `db upgrade` to bring it up to date")
        config.attributes["connection"] = connection
        metadata = _declared(config)
        is_ours = not metadata.tables.keys() & set(inspect(connection).get_table_names())
        metadata.create_all(connection)
        if is_ours:
            command.stamp(config, "head")


def drop_everything(engine: Engine, *, project: Path | None = None, database: str = MAIN) -> None:
    """Drop every table of the service and Alembic's table, so that the next upgrade starts from scratch.

    The arguments are those of `create_everything`.
    """
    config = configuration(project=project, database=database)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        _declared(config).drop_all(connection)
        connection.execute(DropTable(Table("alembic_version", MetaData()), if_exists=True))


def _declared(config: Config) -> MetaData:
    """Return the tables that ``env.py`` names; those of the library's `Base` if it names none."""
    found: list[MetaData | None] = []

    def look(_: Any, context: MigrationContext) -> Iterable[Any]:
        found.append(context.opts["target_metadata"])
        return []

    scripts = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, scripts, fn=look, dont_mutate=True):
        scripts.run_env()
    return found[0] or Base.metadata
