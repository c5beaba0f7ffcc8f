"""Runs migrations from Python, as `alembic` does from the command line."""

import sys
import tomllib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Engine, MetaData, Table, inspect
from sqlalchemy.schema import DropTable

from sessionscope.database.base import Base
from sessionscope.database.schema import drop_db
from sessionscope.migrations.connecting import Limits
from sessionscope.settings import DatabaseSettings


def find_project() -> Path:
    """Return the folder whose ``pyproject.toml`` has the table ``[tool.alembic]``.

    The search goes upwards from the working directory, then from the folder of the program. For
    ``python -m service``, that is the folder of ``service/__main__.py``.

    Raises:
        CommandError: There is no such folder.
    """
    # In a worker process, `__main__` is not the service's module, but the arguments are those of its parent.
    starts = [Path.cwd(), Path(sys.argv[0]).absolute().parent]
    for start in starts:
        for folder in (start, *start.parents):
            if _has_migrations(folder / "pyproject.toml"):
                return folder
    places = " nor ".join(dict.fromkeys(f"{start} or above it" for start in starts))
    raise CommandError(
        f"no pyproject.toml with the table [tool.alembic] in {places}: change to the folder of your service,"
        " or name it with the argument `project`"
    )


def _has_migrations(file: Path) -> bool:
    return file.is_file() and "alembic" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})


def configuration(
    url: URL | None = None,
    limits: Limits | None = None,
    *,
    settings: DatabaseSettings | None = None,
    project: Path | None = None,
) -> Config:
    """Return Alembic's configuration, read from ``pyproject.toml``.

    Args:
        url: The database to migrate, with its password. By default, the URL in the settings. It is passed as an
            object, because Alembic would interpolate a ``%`` in a text.
        limits: How long a migration may wait and work. By default, the defaults of `Limits`.
        settings: The settings of the database, if there is no *url*. By default, they are read from their sources.
        project: The folder of the ``pyproject.toml``. By default, `find_project` looks for it.

    Raises:
        CommandError: There is no *project*, and none was found.
    """
    config = Config(toml_file=str((project or find_project()) / "pyproject.toml"))
    config.attributes["url"] = url
    config.attributes["settings"] = settings
    config.attributes["limits"] = limits
    return config


def upgrade(
    url: URL | None = None, revision: str = "head", limits: Limits | None = None, *, project: Path | None = None
) -> None:
    """Upgrade the database at *url* to *revision*. If several processes call this at once, one of them does the work.

    The arguments are those of `configuration`.
    """
    command.upgrade(configuration(url, limits, project=project), revision)


def create_everything(engine: Engine, *, project: Path | None = None) -> None:
    """Create the tables without migrations, and stamp the database at the newest revision.

    If any of the tables exists already, the database is not stamped, because the table may belong to older models.

    Args:
        engine: Connects to the database.
        project: As for `configuration`.

    Raises:
        CommandError: Migrations made the tables, and there are newer migrations.
    """
    config = configuration(project=project)
    with engine.begin() as connection:
        noted = MigrationContext.configure(connection).get_current_heads()
        heads = ScriptDirectory.from_config(config).get_heads()
        if noted and set(noted) != set(heads):
            raise CommandError(f"the database is at {', '.join(noted)}: run `db upgrade` to bring it up to date")
        is_ours = not Base.metadata.tables.keys() & set(inspect(connection).get_table_names())
        Base.metadata.create_all(connection)
        if is_ours:
            config.attributes["connection"] = connection
            command.stamp(config, "head")


def drop_everything(engine: Engine) -> None:
    """Drop every table of the service and Alembic's table, so that the next upgrade starts from scratch."""
    drop_db(engine)
    with engine.begin() as connection:
        connection.execute(DropTable(Table("alembic_version", MetaData()), if_exists=True))
