"""Building the command line of a service.

Commands import what they need when they run, so that ``--help`` answers at once.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from sessionscope.cli.configuration import build_configuration_commands
from sessionscope.cli.database import build_database_commands
from sessionscope.cli.service import Service
from sessionscope.cli.serving import serve


class CommandLine(typer.Typer):
    """The commands that every service has. Add a service's own with ``@cli.command()`` or ``@cli.db.command()``.

    Attributes:
        db: The commands that look after the database.
        config: The commands that look at the settings.
    """

    def __init__(self, service: Service, *, help: str) -> None:  # noqa: A002 - typer's word
        super().__init__(
            help=help,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            # The library's commands take the service from the context.
            context_settings={"obj": service},
        )
        self._service = service
        self.db = build_database_commands()
        self.config = build_configuration_commands()
        self.callback()(options)
        self.command()(serve)
        self.add_typer(self.db, name="db")
        self.add_typer(self.config, name="config")

    @contextmanager
    def container(self) -> Generator[Any, None, None]:
        """Give a container for the length of a command, and close it afterwards.

        Errors of the settings and of the database are reported in a line each. A missing SQLite file is one of them.
        """
        with self._service.opened() as container:
            yield container


def build_cli(*, help: str, settings: str, container: str, create_app: str, app: str) -> CommandLine:  # noqa: A002 - as above
    """Return the command line of a service, whose parts are named as ``module:name``.

    Args:
        help: What the service is for, in a sentence.
        settings: The class of the settings, as ``config:Settings``.
        container: The class of the container, as ``containers:ApplicationContainer``.
        create_app: The function that makes the application of a container, as ``app.main:create_app``.
        app: The application as HTTP servers find it, as ``app.asgi:app``; worker processes import it.
    """
    return CommandLine(Service(settings=settings, container=container, create_app=create_app, app=app), help=help)


def options(
    config: Annotated[
        Path | None, typer.Option(help="Read this file in place of config/config.json.", metavar="FILE")
    ] = None,
) -> None:
    """Take the options of every command."""
    if config is not None:
        # By the environment, which reaches worker processes too.
        os.environ["APP_CONFIG_FILE"] = str(config)
