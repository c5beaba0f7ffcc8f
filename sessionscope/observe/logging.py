"""The configuration of logging: one handler and one format, on standard error."""

import logging
from asyncio import CancelledError
from importlib.util import find_spec
from typing import Any, Final

from sessionscope.request_ids import REQUEST_LOGGER, current_ids
from sessionscope.settings import ConfigurationError, LoggingSettings
from sessionscope.settings.errors import Problem

_FORMATTERS: Final = {
    "console": {
        "()": "sessionscope.observe.logging.ConsoleFormatter",
        "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    },
    "json": {"()": "sessionscope.observe.json_lines.JsonLinesFormatter"},
}
# What the packages for WebSockets log for uvicorn.
_ABOUT_WEBSOCKETS: Final = ("connection open", "connection closed", "connection rejected")


def logging_config(settings: LoggingSettings, *, server_lines: bool = True) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`. The HTTP server gives it to its worker processes.

    Args:
        settings: What to log, and in which format.
        server_lines: Whether the HTTP server logs a line per request. The application may do it itself.

    Raises:
        ConfigurationError: The package for the format is not installed.
    """
    _check_format(settings)
    inherited: dict[str, Any] = {"level": "NOTSET", "handlers": [], "propagate": True}
    line, no_line = inherited | {"level": "INFO"}, inherited | {"level": "WARNING"}
    of_server = line if settings.access and server_lines else no_line
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _FORMATTERS[settings.format]},
        "filters": {
            "server": {"()": "sessionscope.observe.logging.ServerFilter", "server_lines": server_lines},
            "request": {"()": "sessionscope.observe.logging.RequestFilter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
        "root": {"level": settings.level, "handlers": ["stderr"]},
        "loggers": {
            REQUEST_LOGGER: line if settings.access else no_line,
            # Servers that were not started by `serve` have given their loggers handlers of their own.
            "uvicorn": inherited,
            "uvicorn.access": of_server,
            "uvicorn.error": inherited | {"filters": ["server"]},
            "gunicorn.access": of_server,
            "gunicorn.error": inherited,
            # It names each of its own parts when it is imported.
            "alembic.runtime.plugins": no_line,
            # Without a handler here, SQLAlchemy's echo adds its own, and each line appears twice.
            "sqlalchemy.engine.Engine": {"handlers": ["stderr"], "propagate": False},
        },
    }


def _check_format(settings: LoggingSettings) -> None:
    if settings.format == "json" and find_spec("pythonjsonlogger") is None:
        missing = "json needs the package python-json-logger, which is not installed"
        raise ConfigurationError([Problem("", "logging.format", missing, "install sessionscope[logs]")])


class RequestFilter(logging.Filter):
    """Gives each record the identifiers of the request that it was logged in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the identifiers, and log the record."""
        ids = current_ids.get()
        if ids is not None:
            record.request_id = ids.request_id
            if ids.trace_id:
                record.trace_id, record.span_id = ids.trace_id, ids.span_id
        return True


class ConsoleFormatter(logging.Formatter):
    """Formats a record as a line for people, with the id of the request at its end."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's
        """Return the line, without a traceback."""
        line = super().formatMessage(record)
        request_id = getattr(record, "request_id", None)
        # uvicorn ends a message with a line feed.
        return line if request_id is None else f"{line.rstrip()} [{request_id}]"


class ServerFilter(logging.Filter):
    """Removes noise from the HTTP server's log.

    It drops the advice to install a WebSocket library, which any client could trigger with a handshake. The line
    about the unsupported upgrade stays. A request that is cut off at the end of the server is not a fault in the
    code, so the log has one line for it in place of a traceback.

    Args:
        server_lines: Whether lines about the WebSockets of clients stay. They show the values in the query.
    """

    def __init__(self, *, server_lines: bool = True) -> None:
        super().__init__()
        self._server_lines = server_lines

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log the record."""
        if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], CancelledError):
            record.msg, record.args = "a request was cut off because the server is ending", ()
            record.exc_info = record.exc_text = None
        text = record.getMessage()
        return "WebSocket library" not in text and (self._server_lines or not _is_about_a_websocket(text))


def _is_about_a_websocket(text: str) -> bool:
    return text.startswith(_ABOUT_WEBSOCKETS) or ' - "WebSocket ' in text
