"""How the service logs: one handler, one format, on standard error."""

from logging.config import dictConfig

from config.settings import LoggingSettings


def configure_logging(settings: LoggingSettings) -> None:
    """Set up the root logger and the HTTP server's loggers for the whole process."""
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": settings.level, "handlers": ["stderr"]},
            "loggers": {"uvicorn.access": {"level": "INFO" if settings.access else "WARNING"}},
        }
    )
