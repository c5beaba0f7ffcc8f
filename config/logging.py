"""How the service logs: one handler, one format, on standard error."""

from typing import Any

from config.settings import LoggingSettings


def logging_config(settings: LoggingSettings) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; the HTTP server hands it to its worker processes."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": settings.level, "handlers": ["stderr"]},
        "loggers": {"uvicorn.access": {"level": "INFO" if settings.access else "WARNING"}},
    }
