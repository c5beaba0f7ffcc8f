"""The ``upgrade`` command."""

from pathlib import Path
from typing import Annotated

import typer

from sessionscope.cli.new.errors import NewServiceError
from sessionscope.cli.new.wheel import find_wheel
from sessionscope.cli.reporting import FAILED
from sessionscope.cli.upgrade.errors import UpgradeError
from sessionscope.cli.upgrade.upgrading import Upgrade, plan_upgrade, write_upgrade


def upgrade(
    path: Annotated[Path, typer.Argument(help="The folder of a service that `new` made.")],
) -> None:
    """Bring a service to this version of the library. Your code is not changed."""
    try:
        planned = plan_upgrade(path.absolute(), find_wheel())
        write_upgrade(path.absolute(), planned)
    except (UpgradeError, NewServiceError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(FAILED) from None
    except OSError as error:
        typer.echo(f"can't read or write {error.filename or path}: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from None
    _report(planned)


def _report(done: Upgrade) -> None:
    before, now = done.versions
    if not done.files:
        typer.echo(f"The service has version {now} of the library already.")
    else:
        typer.echo(f"The service is upgraded from version {before} of the library to {now}.")
        for name, content in sorted(done.files.items()):
            typer.echo(f"  {'deleted' if content is None else 'written'}: {name}")
    for pin in done.pins:
        typer.echo(f"  pinned: {pin}")
    for difference in done.left:
        typer.echo("You have changed a file that this release changes too. Apply this where it fits:")
        typer.echo(difference, nl=False)
    if done.files:
        typer.echo("Run `make lock` if pyproject.toml names packages or extras of your own, then `make test check`.")
