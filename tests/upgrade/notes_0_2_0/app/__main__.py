"""``python -m app``."""

from app.commands import cli

cli(prog_name="python -m app")
