"""The settings of the service."""

from config.settings import Settings
from sessionscope.settings import DatabaseSettings

__all__ = ["DatabaseSettings", "Settings"]
