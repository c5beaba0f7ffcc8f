"""A slow proxy carries everything, as slowly as it is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

import pytest

from sessionscope.testing.servers import SlowProxy, ports

pytestmark = pytest.mark.isolation("none")

DELAY_SECONDS: Final = 0.2
# Longer than any of these exchanges takes.
LIMIT_SECONDS: Final = 20


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what a client sends, up to its end."""
    while piece := await reader.read(1000):
        writer.write(piece)
    await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy(delay_seconds: float = 0, bytes_per_second: float | None = None) -> AsyncGenerator[SlowProxy, None]:
    """Yield a proxy in front of an echo server."""
    async with asyncio.timeout(LIMIT_SECONDS), await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with SlowProxy("127.0.0.1", port, delay_seconds=delay_seconds, bytes_per_second=bytes_per_second) as made:
            yield made


async def exchange(port: int, data: bytes) -> tuple[bytes, float]:
    """Send *data* and the end of it; return what came back until its end, and the seconds that it took."""
    begun = monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    received = await reader.read()
    writer.close()
    return received, monotonic() - begun


class TestSlowProxy:
    async def test_data_arrives_unchanged_and_in_order(self) -> None:
        """All data comes back, up to the end, even if it is more than fits into any buffer."""
        data = bytes(range(256)) * 20_000
        async with proxy() as slow:
            assert (await exchange(slow.port, data))[0] == data

    async def test_each_direction_has_the_delay(self) -> None:
        """There and back takes the delay twice, however many pieces are on their way."""
        async with proxy(delay_seconds=DELAY_SECONDS) as slow:
            received, seconds = await exchange(slow.port, b"x" * 100_000)
        assert len(received) == 100_000
        assert seconds >= 2 * DELAY_SECONDS

    async def test_rate_is_limited(self) -> None:
        """A limit of the rate holds for the whole of the data."""
        async with proxy(bytes_per_second=100_000) as slow:
            received, seconds = await exchange(slow.port, b"x" * 50_000)
        assert len(received) == 50_000
        assert seconds >= 0.3

    async def test_connection_ends_if_the_server_refuses_it(self) -> None:
        """If the server can't be reached, the client sees the end of its connection."""
        async with asyncio.timeout(LIMIT_SECONDS), SlowProxy("127.0.0.1", ports.free_port()) as slow:
            reader, writer = await asyncio.open_connection("127.0.0.1", slow.port)
            assert await reader.read() == b""
            writer.close()

    async def test_proxy_ends_open_connections(self) -> None:
        """At the end of the block, clients that are still connected see the end of their connection."""
        async with proxy() as slow:
            reader, writer = await asyncio.open_connection("127.0.0.1", slow.port)
            writer.write(b"x")
            assert await reader.read(1) == b"x"
        assert await reader.read() == b""
        writer.close()
