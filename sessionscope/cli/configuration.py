"""The ``config`` commands, which show and check the settings."""

from typing import TYPE_CHECKING

import typer

from sessionscope.cli.reporting import reported
from sessionscope.cli.service import Service

if TYPE_CHECKING:
    from sessionscope.settings import ServiceSettings


def build_configuration_commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(help="Show and check the settings.", no_args_is_help=True)
    group.command()(show)
    group.command()(check)
    return group


def show(context: typer.Context) -> None:
    """Show each setting with its value and its source. Secrets are masked."""
    service: Service = context.obj
    with reported():
        from rich.console import Console
        from rich.table import Table

        from sessionscope.settings.listing import list_settings

        table = Table("setting", "value", "from")
        for setting in list_settings(service.read_settings()):
            table.add_row(*setting)
        Console().print(table)


def check(context: typer.Context) -> None:
    """Check the settings. If they are invalid, print one line per problem and exit with 2."""
    service: Service = context.obj
    with reported():
        settings = service.read_settings()
        check_drivers(settings)
        check_logging(settings)
        typer.echo("The configuration is good.")


def check_drivers(settings: "ServiceSettings") -> None:
    """Check that the drivers for the URLs in *settings* are installed, and accept the arguments in those URLs.

    Raises:
        ConfigurationError: A driver doesn't accept an argument in its URL.
        MissingDriverError: A driver's package is not installed.
    """
    from sessionscope.database.engine import destination
    from sessionscope.settings import DatabaseSettings

    for _, section in settings:
        if isinstance(section, DatabaseSettings):
            for url in (section.url, *section.replica_urls):
                for is_async in (False, True):
                    destination(url.get_secret_value(), section, is_async=is_async)


def check_logging(settings: "ServiceSettings") -> None:
    """Check that the log can be written in the format that *settings* name.

    Raises:
        ConfigurationError: The package for the format is not installed.
    """
    from sessionscope.observe.logging import logging_config
    from sessionscope.settings import LoggingSettings

    for _, section in settings:
        if isinstance(section, LoggingSettings):
            logging_config(section)
