"""A process of clients: ``python -m benchmarks.connections.client KIND PORT``; KIND is one of `scenarios`.

It prints a line when it has started. When its input ends, also because the process that started it was killed, it
prints what the clients have seen, as JSON, and ends.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from random import Random

from benchmarks.connections.readers import read_slowly
from benchmarks.connections.scenarios import CLIENTS, Kind
from benchmarks.connections.seen import Seen
from benchmarks.load.servers import HOST
from benchmarks.requests.field import USERS


async def run(kind: Kind, port: int) -> Seen:
    """Run the clients of *kind*."""
    seen, start = Seen(), time.monotonic()
    do = read_slowly if kind.is_slow else ask_again_and_again
    clients = [asyncio.create_task(do(port, kind, seen)) for _ in range(kind.count)]
    print("started", flush=True)
    await _input_ends()
    seen.duration = time.monotonic() - start
    for client in clients:
        client.cancel()
    await asyncio.wait(clients)
    if not all(client.cancelled() for client in clients):
        raise RuntimeError("a client ended before its time")
    return seen


async def ask_again_and_again(port: int, kind: Kind, seen: Seen) -> None:
    """Send a request each time the last response has arrived, on one connection unless it breaks."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                await _ask(reader, writer, kind, seen)
            finally:
                writer.close()
        except (OSError, EOFError):
            seen.errors += 1
            await asyncio.sleep(0.1)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: Kind, seen: Seen) -> None:
    random = Random()  # noqa: S311
    while True:
        start = time.monotonic()
        writer.write(kind.request(random.randint(1, USERS)))
        try:
            seen.errors += not await _read(reader)
        except asyncio.CancelledError:
            seen.unanswered += 1
            raise
        finally:
            seen.waits.append(time.monotonic() - start)


async def _read(reader: asyncio.StreamReader) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head.startswith(b"http/1.1 200 ")


async def _input_ends() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await ended.wait()


def main() -> None:
    """Run, and print what was seen."""
    name, port = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(run(CLIENTS[name], int(port))))))


if __name__ == "__main__":
    main()
