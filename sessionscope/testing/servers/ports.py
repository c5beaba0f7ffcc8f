"""Loopback ports."""

import contextlib
import random
import socket

# Below the ports of outgoing connections, so that a server's port is still free when it restarts.
_PORTS = range(20_000, 32_000)

_given: set[int] = set()


def free_port() -> int:
    """Return a free loopback port, a different one at each call."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - guards nothing
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections on *port* of *address*."""
    with socket.socket() as client:
        return client.connect_ex((address, port)) == 0
