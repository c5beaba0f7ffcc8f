"""Builds the command line of a service.

Commands import what they need when they run, so ``--help`` is fast.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from sessionscope.cli.configuration import build_configuration_commands
from sessionscope.cli.database import build_database_commands
from sessionscope.cli.doctor import doctor
from sessionscope.cli.reporting import BAD_USAGE
from sessionscope.cli.service import MAIN, Service
from sessionscope.cli.serving import serve
from sessionscope.cli.wiring import wiring
from sessionscope.cli.working import work


class ChosenDatabase(NamedTuple):
    """The database that a command is for.

    Attributes:
        name: Its name in the service's container.
        container: Its own container.
    """

    name: str
    container: Any


class CommandLine(typer.Typer):
    """The commands that every service has. Add your own with ``@cli.command()`` or ``@cli.db.command()``.

    Attributes:
        db: The commands that maintain the database.
        config: The commands that show and check the settings.
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
        self.command()(doctor)
        if service.worker is not None:
            self.command("worker")(work)
        self.command()(wiring)
        self.add_typer(self.db, name="db")
        self.add_typer(self.config, name="config")

    @contextmanager
    def container(self) -> Generator[Any, None, None]:
        """Yield a container for the duration of a command, then close it.

        Each error in the settings or the database, including a missing SQLite file, is reported in one line. So is
        ``db --database``, because the command would not follow it; use `database` in a command that does.
        """
        if self._service.database != MAIN:
            typer.echo("this command works on the whole service: leave --database out", err=True)
            raise typer.Exit(BAD_USAGE)
        with self._service.opened() as container:
            yield container

    @contextmanager
    def database(self) -> Generator[ChosenDatabase, None, None]:
        """Yield the database that ``db --database`` names, and close it after the command. Errors as for `container`.

        Use this in a command that works on any of the service's databases.
        """
        with self._service.opened() as container:
            yield ChosenDatabase(self._service.database, self._service.database_in(container))


def build_cli(
    *,
    help: str,  # noqa: A002 - as above
    settings: str,
    container: str,
    create_app: str,
    app: str,
    worker: str | None = None,
    project: Path | None = None,
) -> CommandLine:
    """Return the command line of a service. Name the service's parts as ``module:name``.

    Args:
        help: One sentence that says what the service does.
        settings: The settings class, such as ``config:Settings``.
        container: The container class, such as ``containers:ApplicationContainer``.
        create_app: The function that makes the application for a container, such as ``app.main:create_app``.
        app: The application that HTTP servers and worker processes import, such as ``app.asgi:app``.
        worker: The `sessionscope.worker.Worker`, such as ``app.worker:worker``, for the command ``worker``.
        project: The folder of the ``pyproject.toml`` that configures Alembic, for a repository with several services.
            By default, it is searched for from the working directory upwards.
    """
    service = Service(
        settings=settings, container=container, create_app=create_app, app=app, worker=worker, project=project
    )
    return CommandLine(service, help=help)


def options(
    config: Annotated[
        Path | None, typer.Option(help="Read this file instead of config/config.json.", metavar="FILE")
    ] = None,
) -> None:
    """Apply the options that come before the command."""
    if config is not None:
        # An environment variable reaches worker processes too.
        os.environ["APP_CONFIG_FILE"] = str(config)
