"""The ``new`` command."""

from pathlib import Path
from typing import Annotated

import typer

from sessionscope.cli.new.errors import NewServiceError
from sessionscope.cli.new.project import make_service
from sessionscope.cli.reporting import BAD_CONFIGURATION


def new(
    path: Annotated[Path, typer.Argument(help="The folder of the service: a new one, or an empty one.")],
) -> None:
    """Make a service in a folder. The folder's name is the name of the service."""
    try:
        make_service(path)
    except NewServiceError as error:
        typer.echo(error, err=True)
        raise typer.Exit(BAD_CONFIGURATION) from None
    typer.echo(f"The service is in {path}. In that folder, `make run` serves it and `make test check` tests it.")
