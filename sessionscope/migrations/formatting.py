"""Formats a migration. Alembic runs ``python -m sessionscope.migrations.formatting FILE`` on each new migration."""

import subprocess
import sys
from importlib.util import find_spec


def format_migration(path: str) -> None:
    """Format the migration at *path* with ruff. If ruff is not installed, print a hint and leave the file alone."""
    if find_spec("ruff") is None:
        sys.stdout.write("ruff is not installed: `make format` installs it and formats the new migration\n")
        return
    for command in ("check --fix-only --quiet", "format --quiet"):
        subprocess.run([sys.executable, "-m", "ruff", *command.split(), path], check=False)  # noqa: S603 - ours


if __name__ == "__main__":
    format_migration(sys.argv[1])
