"""A proxy before a database server that counts how often a client speaks and then waits."""

import asyncio

from sqlalchemy import make_url


class Trips:
    """Round trips: whatever a client sends after the server has spoken is one, however many messages it is."""

    def __init__(self) -> None:
        self.count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def before(self, url: str) -> str:
        """Return *url* with the proxy's address, which lives as long as the event loop."""
        target = make_url(url)
        self._target = (target.host, target.port)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        connection = _Connection(self)
        for task in (connection.there(reader, there_writer), connection.back(there_reader, writer)):
            running = asyncio.create_task(task)
            self._tasks.add(running)
            running.add_done_callback(self._tasks.discard)


class _Connection:
    def __init__(self, trips: Trips) -> None:
        self._trips = trips
        self._waits = False

    async def there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._waits:
                self._waits = True
                self._trips.count += 1
            writer.write(data)
        writer.close()

    async def back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._waits = False
            writer.write(data)
        writer.close()
