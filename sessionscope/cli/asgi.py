"""Builds the application that HTTP servers import from a service's ``app/asgi.py``."""

import sys
from collections.abc import Callable, Iterable
from logging.config import dictConfig
from pathlib import Path
from typing import Any, Final

import typer
from fastapi import FastAPI

from sessionscope.cli.reporting import FAILED, reported
from sessionscope.fastapi.server.ending import follow_parent
from sessionscope.fastapi.server.memory import settle
from sessionscope.lifetimes.check import check_container
from sessionscope.migrations.databases import migrated_databases, migrated_names
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
            refuse_private_database(app.state.container, project)
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
    refuse_private_database(container, project)


def refuse_private_database(container: Any, project: Path | None = None) -> None:
    """Refuse to serve an in-memory database: it is private to each process, so workers would start without tables.

    Raises:
        UnknownDatabaseError: ``alembic.ini`` names a database that *container* doesn't have.
        typer.Exit: A database that has migrations is in memory. A line on standard error says so.
    """
    for database in _migrated(container, project):
        if database.location().private:
            url = database.settings().url
            typer.echo(
                f"{url} is private to each process, so the service would start without tables: use a file", err=True
            )
            raise typer.Exit(FAILED)


def prepare(app: FastAPI, project: Path | None = None) -> FastAPI:
    """Prepare this process to serve *app*, and return it."""
    container = app.state.container
    # Only `db upgrade` creates a missing file: an empty one would only look like a database.
    for database in _migrated(container, project):
        database.location().must_exist = True
    dictConfig(logging_config(container.settings().logging))
    settle()
    follow_parent()
    return app


def _migrated(container: Any, project: Path | None) -> Iterable[Any]:
    return migrated_databases(container, migrated_names(project)).values()
