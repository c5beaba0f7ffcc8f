"""The settings of the service: the sections that every service has, and room for its own."""

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
    """The whole configuration, read once and then fixed.

    Raises:
        ConfigurationError: A source can't be read, or a value is unknown, of the wrong type or out of bounds.
    """

    config_file: ClassVar[Path | None] = Path(__file__).with_name("config.json")

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    logging: LoggingSettings = LoggingSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
