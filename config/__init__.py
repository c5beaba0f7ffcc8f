"""Settings and logging: the lowest layer, imported by everything, importing nothing of ours."""

from config.errors import ConfigurationError, Problem
from config.settings import DatabaseSettings, IdempotencySettings, LoggingSettings, ServerSettings, Settings
from config.url import DatabaseUrl

__all__ = [
    "ConfigurationError",
    "DatabaseSettings",
    "DatabaseUrl",
    "IdempotencySettings",
    "LoggingSettings",
    "Problem",
    "ServerSettings",
    "Settings",
]
