"""Run the service's commands, in a process of their own or in the test's process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
PASSWORD: Final = "s3cr3t"


def environment(url: str, **variables: str) -> dict[str, str]:
    """Return the environment of a command: the test's, with a database of its own."""
    return os.environ | {"APP_DATABASE__URL": url, "NO_COLOR": "1", "COLUMNS": "120"} | variables


def run(*arguments: str, url: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``python -m app`` to its end without a terminal. The caller checks the exit code."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environment(url, **options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(command: subprocess.CompletedProcess[str]) -> tuple[int, int]:
    """Return the exit code and the number of lines on standard error, which has no secret and no traceback."""
    assert PASSWORD not in command.stdout + command.stderr
    assert "Traceback" not in command.stderr
    return command.returncode, len(command.stderr.splitlines())
