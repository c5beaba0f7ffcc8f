"""The configuration of logging: one handler and one format, on standard error."""

import logging
from asyncio import CancelledError
from typing import Any

from sessionscope.settings import LoggingSettings


def logging_config(settings: LoggingSettings) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`. The HTTP server gives it to its worker processes."""
    inherited: dict[str, Any] = {"level": "NOTSET", "handlers": [], "propagate": True}
    access = inherited | {"level": "INFO" if settings.access else "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
        "filters": {"server": {"()": "sessionscope.observe.logging.ServerFilter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": settings.level, "handlers": ["stderr"]},
        "loggers": {
            # Servers that were not started by `serve` have given their loggers handlers of their own.
            "uvicorn": inherited,
            "uvicorn.access": access,
            "uvicorn.error": inherited | {"filters": ["server"]},
            "gunicorn.access": access,
            "gunicorn.error": inherited,
            # Without a handler here, SQLAlchemy's echo adds its own, and each line appears twice.
            "sqlalchemy.engine.Engine": {"handlers": ["stderr"], "propagate": False},
        },
    }


class ServerFilter(logging.Filter):
    """Removes noise from the HTTP server's log.

    It drops the advice to install a WebSocket library, which any client could trigger with a handshake. The line
    about the unsupported upgrade stays. A request that is cut off at the end of the server is not a fault in the
    code, so the log has one line for it in place of a traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log the record."""
        if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], CancelledError):
            record.msg, record.args = "a request was cut off because the server is ending", ()
            record.exc_info = record.exc_text = None
        return "WebSocket library" not in record.getMessage()
