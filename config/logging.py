"""How the service logs: one handler, one format, on standard error."""

import logging
from typing import Any

from config.settings import LoggingSettings


def logging_config(settings: LoggingSettings) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; the HTTP server hands it to its worker processes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
        "filters": {"advice": {"()": "config.logging.WithoutAdvice"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": settings.level, "handlers": ["stderr"]},
        "loggers": {
            "uvicorn.access": {"level": "INFO" if settings.access else "WARNING"},
            "uvicorn.error": {"filters": ["advice"]},
            # SQLAlchemy gives an echo a handler of its own unless it finds one, and each line would come twice.
            "sqlalchemy.engine.Engine": {"handlers": ["stderr"], "propagate": False},
        },
    }


class WithoutAdvice(logging.Filter):
    """Drops the advice to install a WebSocket library, which anybody's handshake to any path would log.

    That the upgrade is not supported is logged all the same.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be logged."""
        return "WebSocket library" not in record.getMessage()
