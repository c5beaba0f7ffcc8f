"""A private network on which packets can be lost without a word, as when a cable is pulled or a firewall drops them."""

from contextlib import ExitStack
from typing import Final, Self

from sessionscope.testing.servers.host import Host, NoNamespaces, hold_namespace
from sessionscope.testing.servers.programs import ServerError

_RANGE: Final = "10.97"
_NUMBERS: Final = range(256)
_FIRST_HOST: Final = 11


class Network:
    """A network of hosts, each in a network namespace of its own. The hosts reach each other and nothing else.

    Use it as a context manager. All of it is gone at the end of the block, and also if the test run is killed,
    because the kernel removes a namespace in which nothing runs.

    Attributes:
        here: The host on which the tests run, with its address on this network.

    Raises:
        MissingBinary: iproute2 is not installed, or the user may not make network namespaces.
    """

    here: Host

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._hosts = 0
        self._lost: list[tuple[Host, str]] = []

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self._switch = Host("", "switch", started.enter_context(hold_namespace()).pid)
            self._switch.ip("link", "add", "name", "switch", "type", "bridge")
            self._switch.ip("link", "set", "dev", "switch", "up")
            self._number, self.here = self._connect_tests()
            self._stack = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def host(self) -> Host:
        """Add a host to the network."""
        process = self._stack.enter_context(hold_namespace())
        host = Host(f"{_RANGE}.{self._number}.{_FIRST_HOST + self._hosts}", "eth0", process.pid)
        self._hosts += 1
        port = f"port{self._hosts}"
        self._switch.ip(
            "link", "add", "name", port, "type", "veth", "peer", "name", host.device, "netns", str(host.pid)
        )
        self._switch.ip("link", "set", "dev", port, "master", "switch", "up")
        # A server on the host must reach itself, even at its address on the network.
        host.ip("link", "set", "dev", "lo", "up")
        _join(host)
        return host

    def cut(self, one: Host, other: Host, *, one_way: bool = False) -> None:
        """Silently lose all packets between two hosts or, with *one_way*, those that *one* sends to *other*.

        Open connections get neither a reset nor an error: they just hear nothing any more.
        """
        ways = [(one, other.address)] if one_way else [(one, other.address), (other, one.address)]
        for host, address in ways:
            host.lose(address)
            self._lost.append((host, address))

    def heal(self) -> None:
        """Undo all cuts."""
        for host, address in dict.fromkeys(self._lost):
            host.find(address)
        self._lost.clear()

    def _connect_tests(self) -> tuple[int, Host]:
        """Connect the host on which the tests run; take the first number that no other network has."""
        used = Host("", "lo").ip("-o", "-4", "address")
        for number in _NUMBERS:
            here = Host(f"{_RANGE}.{number}.1", f"tests{number}")
            if f" {_RANGE}.{number}." not in used and self._add(here.device):
                _join(here)
                return number, here
        raise NoNamespaces(f"no veth device can be made, or {_RANGE}.0.0/16 is in use")

    def _add(self, device: str) -> bool:
        """Make a veth device from the tests to the switch; return False if its name is in use."""
        pid = str(self._switch.pid)
        try:
            Host("", "lo").ip("link", "add", "name", device, "type", "veth", "peer", "name", "port0", "netns", pid)
        except ServerError:
            return False
        self._switch.ip("link", "set", "dev", "port0", "master", "switch", "up")
        return True


def _join(host: Host) -> None:
    host.ip("address", "add", f"{host.address}/24", "dev", host.device)
    host.ip("link", "set", "dev", host.device, "up")
