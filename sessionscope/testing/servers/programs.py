"""The programs of the servers: where they are, their user, and what to install if they are missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# What a user has set for clients of other servers is not meant for these.
_FOREIGN = ("PG", "MYSQL", "MARIADB")
_SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class MissingBinary(Exception):  # noqa: N818 - says it better
    """A program is not installed; the text names the Debian package that has it."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} is missing: install the Debian package {package}")
        self.package = package


class ServerError(Exception):
    """A server, or a program that prepares one, failed; the text ends with what it logged."""


def find(name: str, package: str, folders: Iterable[Path] = ()) -> str:
    """Return the path of a program, from *folders* or the PATH.

    Raises:
        MissingBinary: It is not there.
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
    # Programs of servers are often outside the PATH of those who aren't root.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM])
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8"}


def ask(command: list[str], text: str, **variables: str) -> str:
    """Run a client with *text* as its input and *variables* in its environment; return its output.

    Raises:
        ServerError: It failed.
    """
    done = subprocess.run(  # noqa: S603 - fixed programs
        command, input=text, env=environment() | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(done.stderr.strip())
    return done.stdout.strip()
