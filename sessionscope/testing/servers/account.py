"""The system user for servers, because PostgreSQL and MariaDB refuse to run as root."""

import os
import pwd
import subprocess
from pathlib import Path

from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.programs import MissingBinary, ServerError, environment


class Account:
    """The user that runs a server: a system user if the tests run as root, otherwise the user who runs the tests.

    Args:
        name: The system user.
        package: The Debian package that creates that user.
        host: The host of a test network on which the user runs everything; None for the host of the tests.

    Raises:
        MissingBinary: The system user doesn't exist.
    """

    def __init__(self, name: str, package: str, host: Host | None = None) -> None:
        self._host = host
        self._user: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            try:
                self._user = pwd.getpwnam(name)
            except KeyError:
                raise MissingBinary(f"the user {name}", package) from None

    def popen(self, command: list[str], directory: Path, *, out: int, into: int | None = None) -> subprocess.Popen[str]:
        """Start *command* in *directory* and in a new session, with its output in the file *out*."""
        user = self._user
        if self._host is not None:
            # Only root may enter the host, so the user changes afterwards.
            command, user = self._host.inside(command, user), None
        return subprocess.Popen(  # noqa: S603 - fixed programs
            command,
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL if into is None else into,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [user.pw_gid],
        )

    def run(self, command: list[str], directory: Path, text: str = "") -> str:
        """Run *command* in *directory* with *text* as its input, and return its output.

        Raises:
            ServerError: The command failed.
        """
        with self.popen(command, directory, out=subprocess.PIPE, into=subprocess.PIPE) as process:
            output, _ = process.communicate(text)
        if process.returncode:
            raise ServerError(f"{Path(command[0]).name} failed:\n{output[-2000:]}")
        return output

    def own(self, directory: Path) -> None:
        """Create *directory* if it doesn't exist, and make the account its owner.

        Raises:
            PermissionError: The account can't enter a folder above it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        if self._user is None:
            return
        os.chown(directory, self._user.pw_uid, self._user.pw_gid)
        for folder in directory.parents:
            if not folder.stat().st_mode & 0o001:
                raise PermissionError(f"{self._user.pw_name}, the user that runs the server, can't enter {folder}")
