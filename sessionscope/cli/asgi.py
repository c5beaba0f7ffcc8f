"""The application that HTTP servers import: what a service's ``app/asgi.py`` is made with."""

import sys
from collections.abc import Callable
from logging.config import dictConfig
from typing import Any, Final

import typer
from fastapi import FastAPI

from sessionscope.cli.reporting import FAILED, reported
from sessionscope.cli.service import database_in
from sessionscope.fastapi.server.ending import follow_parent
from sessionscope.fastapi.server.memory import settle
from sessionscope.lifetimes.check import check_container
from sessionscope.observe.logging import logging_config

# uvicorn and gunicorn end when a worker does so with this code; after any other they start the next one.
FAILED_START: Final = 3


def build_asgi_app(create_app: Callable[[], FastAPI]) -> FastAPI:
    """Return the application that *create_app* makes, ready to be served by this process.

    It logs as the settings say, opens an SQLite file and never creates one, and ends with the process that
    started this one. The limit on bodies is the application's own.

    Args:
        create_app: Makes the application and its container, which is at ``app.state.container``.

    Raises:
        SystemExit: The settings or the database are not good; a line on standard error says why.
    """
    try:
        with reported():
            app = create_app()
            refuse_private_database(app.state.container)
            return prepare(app)
    except typer.Exit:
        sys.exit(FAILED_START)


def check_served(container: Any) -> None:
    """Check that *container* can be served.

    Raises:
        ConfigurationError: The settings are not good.
        ContainerError: `check_container` found something.
        typer.Exit: The database is a private one, as was reported.
    """
    check_container(container)
    refuse_private_database(container)


def refuse_private_database(container: Any) -> None:
    """Refuse to serve an in-memory database: it is private to each process, so workers would start without tables.

    Raises:
        typer.Exit: It is one; a line on standard error says so.
    """
    database = database_in(container)
    if database.location().private:
        url = database.settings().url
        typer.echo(f"{url} would be served empty: it is another database for each process", err=True)
        raise typer.Exit(FAILED)


def prepare(app: FastAPI) -> FastAPI:
    """Prepare this process to serve *app*, and return it."""
    container = app.state.container
    # A file that is missing is for `db upgrade` to make: an empty one would only look like a database.
    database_in(container).location().must_exist = True
    dictConfig(logging_config(container.settings().logging))
    settle()
    follow_parent()
    return app
