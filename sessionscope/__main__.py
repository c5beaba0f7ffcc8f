"""``python -m sessionscope``: the commands of the library itself."""

import typer

from sessionscope.cli.new.command import new
from sessionscope.cli.upgrade.command import upgrade

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cli.command()(new)
cli.command()(upgrade)


@cli.callback()
def sessionscope() -> None:
    """Start and upgrade services that use sessionscope. A service's own commands are those of `python -m app`."""


if __name__ == "__main__":
    cli(prog_name="python -m sessionscope")
