"""Clients that read slowly, like phones in a tunnel."""

import asyncio
import socket
import time
from typing import Final

from benchmarks.connections.scenarios import Kind
from benchmarks.connections.seen import Seen
from benchmarks.load.servers import HOST

# About 2.5 kB a second: no client finishes a page before the run is over.
BYTES: Final = 512
PAUSE_SECONDS: Final = 0.2
RECEIVE_BUFFER_BYTES: Final = 4096
# As on an Ethernet. On loopback, segments have 64 kB, and the system gives the server room for megabytes of them.
SEGMENT_BYTES: Final = 1448


async def read_slowly(port: int, kind: Kind, seen: Seen) -> None:
    """Ask and read, on a new connection whenever everything has been read."""
    while True:
        with _socket() as client:
            try:
                await _read_slowly(client, port, kind, seen)
            except OSError:
                seen.errors += 1
                await asyncio.sleep(PAUSE_SECONDS)


async def _read_slowly(client: socket.socket, port: int, kind: Kind, seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    start = time.monotonic()
    await loop.sock_connect(client, (HOST, port))
    last = kind.requests - 1
    await loop.sock_sendall(client, b"".join(kind.request(is_last=number == last) for number in range(kind.requests)))
    data = await loop.sock_recv(client, BYTES)
    seen.errors += not data.startswith(b"HTTP/1.1 200 ")
    while data:
        await asyncio.sleep(PAUSE_SECONDS)
        data = await loop.sock_recv(client, BYTES)
    seen.waits.append(time.monotonic() - start)


def _socket() -> socket.socket:
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Before it connects: both are told to the server then.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    client.setblocking(False)
    return client
