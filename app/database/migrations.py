"""Running migrations from Python, as `alembic` does from the command line."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Engine, MetaData, Table
from sqlalchemy.schema import DropTable

from app.database.schema import drop_db

ROOT: Final = Path(__file__).resolve().parents[2]


def configuration(url: URL | None = None) -> Config:
    """Return Alembic's configuration, read from ``pyproject.toml``.

    Args:
        url: The database to migrate, password included; the settings' by default. It goes
            as an object: a ``%`` in a text would be taken for interpolation.
    """
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    return config


def upgrade(url: URL | None = None, revision: str = "head") -> None:
    """Bring the database at *url* up to *revision*."""
    command.upgrade(configuration(url), revision)


def drop_everything(engine: Engine) -> None:
    """Drop every table of the service and Alembic's own, so that the next upgrade starts from nothing."""
    drop_db(engine)
    with engine.begin() as connection:
        connection.execute(DropTable(Table("alembic_version", MetaData()), if_exists=True))
