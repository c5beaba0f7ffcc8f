"""Requests over plain sockets, and endpoints that wait for the test."""

import json
import socket
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection

from sessionscope.testing.serving import Server
from tests.sessionscope.e2e.isolation.crowd import Gate

PATIENCE_SECONDS = 15


class Stage:
    """Where an endpoint is: it tells that it came so far, and waits to go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = Gate(), Gate()

    def pause(self) -> None:
        """Hold up an endpoint's thread until the test lets it go on."""
        self.reached.open()
        self.go_on.wait()

    async def async_pause(self) -> None:
        """As `pause`, in a coroutine."""
        self.reached.open()
        await self.go_on.async_wait()


@contextmanager
def requested(server: Server, path: str) -> Generator[socket.socket, None, None]:
    """Ask for *path*, and read nothing."""
    with socket.socket() as client:
        client.settimeout(PATIENCE_SECONDS)
        # What the kernel takes in for a reader that does not read.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((server.host, server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
        yield client


def read(client: socket.socket) -> bytes:
    """Read to the end."""
    return b"".join(iter(lambda: client.recv(1024 * 1024), b""))


def ask(server: Server, path: str, body: object = None) -> tuple[int, str | None, bytes]:
    """Ask over a connection of its own; return the status, the Location and the body of the response."""
    client = HTTPConnection(server.host, server.port, timeout=PATIENCE_SECONDS)
    try:
        if body is None:
            client.request("GET", path)
        else:
            client.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = client.getresponse()
        return response.status, response.getheader("Location"), response.read()
    finally:
        client.close()
