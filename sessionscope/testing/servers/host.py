"""A host of a test network: a network namespace in which a server runs, with an address of its own."""

import os
import pwd
import subprocess
from dataclasses import dataclass

from sessionscope.testing.servers.programs import MissingBinary, ask, find

_PACKAGE = "iproute2"


class NoNamespaces(MissingBinary):
    """Raised when the tests can't make network namespaces. The text says why."""

    def __init__(self, reason: str) -> None:
        Exception.__init__(self, f"network namespaces are not available: {reason}")
        self.package = _PACKAGE


@dataclass(frozen=True)
class Host:
    """A host of a `sessionscope.testing.servers.network.Network`.

    Attributes:
        address: Its IPv4 address.
        device: The device that is connected to the network.
        pid: A process in the host's namespace, or None for the host on which the tests run.
    """

    address: str
    device: str
    pid: int | None = None

    def inside(self, command: list[str], user: pwd.struct_passwd | None = None) -> list[str]:
        """Return the command that runs *command* on this host, as *user* or as the user who runs the tests."""
        if self.pid is None:
            return command
        who = [] if user is None else [f"--setuid={user.pw_uid}", f"--setgid={user.pw_gid}"]
        return [find("nsenter", "util-linux"), f"--net=/proc/{self.pid}/ns/net", *who, "--", *command]

    def ip(self, *arguments: str) -> str:
        """Run ``ip`` on this host, and return its output.

        Raises:
            MissingBinary: iproute2 is not installed.
            ServerError: The command failed.
        """
        return ask(self.inside([find("ip", _PACKAGE), *arguments]), "")

    def lose(self, address: str) -> None:
        """Silently lose everything that this host sends to *address*: nobody has the hardware address that it uses."""
        self.ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", self.device, "nud", "permanent")

    def find(self, address: str) -> None:
        """Undo `lose`."""
        self.ip("neigh", "del", address, "dev", self.device)


def hold_namespace() -> subprocess.Popen[str]:
    """Start a process in a new network namespace, which lasts until the process has ended.

    The process ends when its standard input is closed, so the namespace doesn't outlive a test run that crashes.

    Raises:
        NoNamespaces: The user may not make one.
    """
    if os.geteuid() != 0:
        raise NoNamespaces("they need root")
    process = subprocess.Popen(  # noqa: S603 - fixed programs
        [find("unshare", "util-linux"), "--net", "sh", "-c", "echo; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    if said := process.stdout.readline().strip():
        process.communicate()
        raise NoNamespaces(said)
    return process
