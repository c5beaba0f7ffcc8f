"""The command line of a service. `build_cli` makes it, and you add your own commands."""

from sessionscope.cli.command_line import CommandLine, build_cli

__all__ = ["CommandLine", "build_cli"]
