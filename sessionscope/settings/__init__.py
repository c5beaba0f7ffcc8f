"""Settings: the sections that every service has, the sources they are read from, and their errors."""

from sessionscope.settings.errors import ConfigurationError, Problem
from sessionscope.settings.sections import (
    DatabaseSettings,
    IdempotencySettings,
    LoggingSettings,
    Section,
    ServerSettings,
    WorkerSettings,
)
from sessionscope.settings.service import ServiceSettings
from sessionscope.settings.url import DatabaseUrl

__all__ = [
    "ConfigurationError",
    "DatabaseSettings",
    "DatabaseUrl",
    "IdempotencySettings",
    "LoggingSettings",
    "Problem",
    "Section",
    "ServerSettings",
    "ServiceSettings",
    "WorkerSettings",
]
