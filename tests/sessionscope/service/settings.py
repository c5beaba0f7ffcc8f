"""The settings of the tests' own service."""

from pathlib import Path
from typing import ClassVar

from sessionscope.settings import (
    DatabaseSettings,
    IdempotencySettings,
    LoggingSettings,
    ServerSettings,
    ServiceSettings,
)


class Settings(ServiceSettings):
    """A section of each kind."""

    config_file: ClassVar[Path | None] = Path(__file__).with_name("config.json")

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    logging: LoggingSettings = LoggingSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
