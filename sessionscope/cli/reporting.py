"""Reports the errors of commands, each as one line and an exit code."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from sessionscope.settings import DatabaseUrl

BAD_CONFIGURATION: Final = 2
BAD_USAGE: Final = 2
FAILED: Final = 1

# The option of commands that can print for programs.
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def reported() -> Generator[None, None, None]:
    """Turn errors that the user can fix into lines on standard error. A bug still shows its traceback."""
    from sessionscope.database.errors import DatabaseError
    from sessionscope.settings import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        typer.echo(error, err=True)
        raise typer.Exit(BAD_CONFIGURATION) from None
    except DatabaseError as error:
        typer.echo(error, err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def reported_at(url: "DatabaseUrl", upgrade: str = "db upgrade") -> Generator[None, None, None]:
    """Turn an error of the database at *url* into a line on standard error.

    Args:
        url: The URL of the database.
        upgrade: The command that creates the database.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from sessionscope.database.backends import backend_of
    from sessionscope.database.errors import Failure, failure_of

    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        is_missing = backend_of(url.kind).is_embedded and failure_of(error) is Failure.UNREACHABLE
        hint = f"; `{upgrade}` creates it" if is_missing else ""
        typer.echo(f"the database at {url} can't do that: {reason}{hint}", err=True)
        raise typer.Exit(FAILED) from None


def confirm(what: str, *, yes: bool) -> None:
    """Ask before doing something that can't be undone. Without a terminal, require ``--yes``."""
    if yes:
        return
    if not sys.stdin.isatty():
        typer.echo(f"This would {what}. There is no terminal to ask on, so confirm with --yes.", err=True)
        raise typer.Exit(FAILED)
    typer.confirm(f"This will {what}. Continue?", abort=True)
