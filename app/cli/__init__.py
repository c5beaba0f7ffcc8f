"""The command line: ``python -m app``.

Commands import what they need when they run, so that ``--help`` answers at once.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.cli.config import configuration
from app.cli.db import database
from app.cli.serving import serve

cli = typer.Typer(
    help="Serve users, posts, accounts and transfers, and look after their database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(serve)
cli.add_typer(database, name="db")
cli.add_typer(configuration, name="config")


@cli.callback()
def options(
    config: Annotated[
        Path | None, typer.Option(help="Read this file in place of config/config.json.", metavar="FILE")
    ] = None,
) -> None:
    """Take the options of every command."""
    if config is not None:
        # By the environment, which reaches worker processes too.
        os.environ["APP_CONFIG_FILE"] = str(config)
