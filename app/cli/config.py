"""``config``: looking at the settings."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from sessionscope.cli.reporting import reported

if TYPE_CHECKING:
    from pydantic import BaseModel

    from config import Settings

configuration = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@configuration.command()
def show() -> None:
    """Show each setting, its value without secrets, and where it comes from."""
    with reported():
        from rich.console import Console
        from rich.table import Table

        from config import Settings

        settings = Settings()
        table = Table("setting", "value", "from")
        for name, value in _flat(settings):
            table.add_row(name, value, settings.origin(name))
        Console().print(table)


@configuration.command()
def check() -> None:
    """Check the settings; exits with 2 and a line per problem when they are not good."""
    with reported():
        read_checked()
        typer.echo("The configuration is good.")


def read_checked() -> "Settings":
    """Return the settings, once the drivers that their URLs ask for are known to be there and to understand them.

    Raises:
        ConfigurationError: As `Settings`; also for an argument in a URL that its driver can't be given.
        MissingDriverError: A driver's package is not installed.
    """
    from config import Settings
    from sessionscope.database.drivers import destination
    from sessionscope.database.url import translate_driver

    settings = Settings()
    for url in (settings.database.url, *settings.database.replica_urls):
        for is_async in (False, True):
            destination(translate_driver(url.get_secret_value(), is_async=is_async), settings.database)
    return settings


def _flat(model: "BaseModel", prefix: str = "") -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value: Any = getattr(model, name)
        if hasattr(value, "model_dump"):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)
