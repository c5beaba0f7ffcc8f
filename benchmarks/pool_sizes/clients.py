"""Clients that each repeat a request, as soon as they have the response."""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.load.servers import HOST


def repeat(port: int, paths: Sequence[str], clients: int, seconds: float) -> None:
    """Let the clients repeat their requests for some seconds. The paths are dealt out among them.

    Raises:
        RuntimeError: A response is not a 200.
    """
    asyncio.run(_run(port, paths, clients, time.monotonic() + seconds))


async def _run(port: int, paths: Sequence[str], clients: int, end: float) -> None:
    await asyncio.gather(*(_repeat(port, paths[number % len(paths)], end) for number in range(clients)))


async def _repeat(port: int, path: str, end: float) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        while time.monotonic() < end:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"{path}: {head.decode()}")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    finally:
        writer.close()
