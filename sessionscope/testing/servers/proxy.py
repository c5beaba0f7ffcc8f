"""A TCP proxy that makes the way to a server slow, or limits how much it carries."""

import asyncio
from time import monotonic
from typing import Final, Self

_PIECE_BYTES: Final = 16 * 1024
_BACKLOG_PIECES: Final = 64
_OnTheWay = asyncio.Queue[tuple[float, bytes]]


class SlowProxy:
    """Passes connections on to a server. Use it as an async context manager, and connect to `port` of 127.0.0.1.

    Both directions of each connection are slow. You may change the attributes at any time.

    Args:
        address: The address of the server.
        server_port: The port of the server.
        delay_seconds: How long each piece of data is on its way.
        bytes_per_second: How much each direction carries; None for no limit.
    """

    def __init__(
        self, address: str, server_port: int, *, delay_seconds: float = 0, bytes_per_second: float | None = None
    ) -> None:
        self._to = (address, server_port)
        self.delay_seconds = delay_seconds
        self.bytes_per_second = bytes_per_second
        self.port = 0
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: before Python 3.13, the server logs the cancellation of those that it makes.
        task = asyncio.get_running_loop().create_task(self._pass_on(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._connect(reader, writer)
        except* OSError:
            # One of the two broke the connection off, or the server can't be reached.
            writer.transport.abort()
        finally:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._to)
        try:
            async with asyncio.TaskGroup() as tasks:
                for source, target in ((reader, server_writer), (server_reader, writer)):
                    on_the_way = _OnTheWay(_BACKLOG_PIECES)
                    tasks.create_task(self._collect(source, on_the_way))
                    tasks.create_task(_deliver(on_the_way, target))
        finally:
            server_writer.close()

    async def _collect(self, source: asyncio.StreamReader, on_the_way: _OnTheWay) -> None:
        """Receive pieces, each with the time at which it is due; the last one is empty."""
        piece = b"-"
        while piece:
            piece = await source.read(_PIECE_BYTES)
            await on_the_way.put((monotonic() + self.delay_seconds, piece))
            if self.bytes_per_second is not None:
                await asyncio.sleep(len(piece) / self.bytes_per_second)


async def _deliver(on_the_way: _OnTheWay, writer: asyncio.StreamWriter) -> None:
    while True:
        due, piece = await on_the_way.get()
        await asyncio.sleep(due - monotonic())
        if not piece:
            break
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
