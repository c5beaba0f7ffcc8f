"""Finds and runs the programs of the servers. If a program is missing, the error names the package to install."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# Environment variables that the user has set for clients of other servers.
_FOREIGN = ("PG", "MYSQL", "MARIADB")
_SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class MissingBinary(Exception):  # noqa: N818 - says it better
    """Raised when a program is not installed. The text names the Debian package that has it."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} is missing: install the Debian package {package}")
        self.package = package


class ServerError(Exception):
    """Raised when a server, or a program that prepares one, fails. The text ends with its log."""


def find(name: str, package: str, folders: Iterable[Path] = ()) -> str:
    """Return the path of a program, from *folders* or the PATH.

    Raises:
        MissingBinary: The program is not installed.
    """
    if sys.platform != "linux":
        raise MissingBinary(f"{name} for Linux", package)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), environment()["PATH"]]))
    if found is None:
        raise MissingBinary(name, package)
    return found


def environment() -> dict[str, str]:
    """Return the environment in which servers and their clients run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    # Server programs are often outside the PATH of ordinary users.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM])
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8"}


def ask(command: list[str], text: str, **variables: str) -> str:
    """Run a client with *text* as its input and *variables* in its environment, and return its output.

    Raises:
        ServerError: The client failed.
    """
    done = subprocess.run(  # noqa: S603 - fixed programs
        command, input=text, env=environment() | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(done.stderr.strip())
    return done.stdout.strip()
