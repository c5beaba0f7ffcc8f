"""The settings of the service: the library's sections, and any that you add."""

from pathlib import Path
from typing import ClassVar

from sessionscope.settings import DatabaseSettings, LoggingSettings, ServerSettings, ServiceSettings


class Settings(ServiceSettings):
    """The complete configuration, which is read once and never changes."""

    config_file: ClassVar[Path | None] = Path(__file__).with_name("config.json")

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    logging: LoggingSettings = LoggingSettings()
