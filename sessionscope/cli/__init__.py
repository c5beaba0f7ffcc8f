"""The command line that every service has: `build_cli` makes it, and a service adds its own commands."""

from sessionscope.cli.command_line import CommandLine, build_cli

__all__ = ["CommandLine", "build_cli"]
