"""Running migrations from Python, as `alembic` does from the command line."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, MetaData, Table, inspect
from sqlalchemy.schema import DropTable

from sessionscope.database.base import Base
from sessionscope.database.schema import drop_db
from sessionscope.migrations.connecting import Limits
from sessionscope.settings import DatabaseSettings

ROOT: Final = Path(__file__).resolve().parents[2]


def configuration(
    url: URL | None = None, limits: Limits | None = None, *, settings: DatabaseSettings | None = None
) -> Config:
    """Return Alembic's configuration, read from ``pyproject.toml``.

    Args:
        url: The database to migrate, password included; the settings' by default. It goes
            as an object: a ``%`` in a text would be taken for interpolation.
        limits: How long to wait and work; those of `Limits` by default.
        settings: The settings of the database, where no *url* is given; read anew by default.
    """
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    config.attributes["settings"] = settings
    config.attributes["limits"] = limits
    return config


def upgrade(url: URL | None = None, revision: str = "head", limits: Limits | None = None) -> None:
    """Bring the database at *url* up to *revision*; of several processes that say so at once, one does it."""
    command.upgrade(configuration(url, limits), revision)


def create_everything(engine: Engine) -> None:
    """Create the tables without migrations, and note that later ones start from here.

    What was there before is not looked at, and then nothing is noted: it may be of older models.

    Raises:
        CommandError: Migrations have made the tables, and there are newer ones.
    """
    with engine.begin() as connection:
        noted = MigrationContext.configure(connection).get_current_heads()
        heads = ScriptDirectory.from_config(configuration()).get_heads()
        if noted and set(noted) != set(heads):
            raise CommandError(f"the database is at {', '.join(noted)}: `db upgrade` makes what is missing")
        is_ours = not Base.metadata.tables.keys() & set(inspect(connection).get_table_names())
        Base.metadata.create_all(connection)
        if is_ours:
            _stamp(connection)


def _stamp(connection: Connection) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.stamp(config, "head")


def drop_everything(engine: Engine) -> None:
    """Drop every table of the service and Alembic's own, so that the next upgrade starts from nothing."""
    drop_db(engine)
    with engine.begin() as connection:
        connection.execute(DropTable(Table("alembic_version", MetaData()), if_exists=True))
