"""Builds the application that HTTP servers import from a service's ``app/asgi.py``."""

import sys
from collections.abc import Callable
from logging.config import dictConfig
from pathlib import Path
from typing import Any, Final

import typer
from fastapi import FastAPI

from sessionscope.cli.existing import refuse_private_databases, require_files
from sessionscope.cli.reporting import reported
from sessionscope.fastapi.server.ending import follow_parent
from sessionscope.fastapi.server.memory import settle
from sessionscope.lifetimes.check import check_container
from sessionscope.observe.inspection.answering import Inspection
from sessionscope.observe.logging import logging_config

# If a worker ends with this code, uvicorn and gunicorn end too. After any other code, they start a new worker.
FAILED_START: Final = 3


def build_asgi_app(create_app: Callable[[], FastAPI], *, project: Path | None = None) -> FastAPI:
    """Return the application that *create_app* makes, and prepare this process to serve it.

    The process logs as the settings say, never creates a missing SQLite file, and ends when its parent process
    ends. The application itself limits the size of bodies.

    Args:
        create_app: Makes the application, and its container at ``app.state.container``.
        project: As for `sessionscope.cli.build_cli`.

    Raises:
        SystemExit: The settings or the database can't be used. A line on standard error says why.
    """
    try:
        with reported():
            app = create_app()
            refuse_private_databases(app.state.container, project)
            return prepare(app, project)
    except typer.Exit:
        sys.exit(FAILED_START)


def check_served(container: Any, project: Path | None = None) -> None:
    """Check that *container* can be served.

    Raises:
        ConfigurationError: The settings are invalid.
        ContainerError: `check_container` found a fault.
        typer.Exit: The database is in memory. A line on standard error says so.
    """
    check_container(container)
    refuse_private_databases(container, project)


def prepare(app: FastAPI, project: Path | None = None) -> FastAPI:
    """Prepare this process to serve *app*, and return it."""
    container = app.state.container
    require_files(container, project)
    logs_requests = getattr(app.state, "logs_requests", False)
    dictConfig(logging_config(container.settings().logging, server_lines=not logs_requests))
    settle()
    follow_parent()
    Inspection(container)
    return app
