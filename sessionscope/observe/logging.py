"""How the service logs: one handler, one format, on standard error."""

import logging
from asyncio import CancelledError
from typing import Any

from sessionscope.settings import LoggingSettings


def logging_config(settings: LoggingSettings) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; the HTTP server hands it to its worker processes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
        "filters": {"server": {"()": "sessionscope.observe.logging.ServerFilter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": settings.level, "handlers": ["stderr"]},
        "loggers": {
            "uvicorn.access": {"level": "INFO" if settings.access else "WARNING"},
            "uvicorn.error": {"filters": ["server"]},
            # SQLAlchemy gives an echo a handler of its own unless it finds one, and each line would come twice.
            "sqlalchemy.engine.Engine": {"handlers": ["stderr"], "propagate": False},
        },
    }


class ServerFilter(logging.Filter):
    """Makes the HTTP server's log say what happened, and no more.

    It drops the advice to install a WebSocket library, which anybody's handshake to any path would log; that the
    upgrade is not supported is logged all the same. A request that was still running at the end is no fault of the
    code, so its traceback becomes a line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be logged."""
        if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], CancelledError):
            record.msg, record.args = "a request was cut off, for the server ends", ()
            record.exc_info = record.exc_text = None
        return "WebSocket library" not in record.getMessage()
