"""What it costs to be seen: ``python -m benchmarks.observing``. Metrics and the leak watch, on and off in turns.

The CPU time of ``GET /users/{user_id}`` in the service itself, with its line in the log. Requests are counted in a
queue, which a thread empties, so the time of all threads counts.
"""

import argparse
import asyncio
import os
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from http import HTTPStatus
from itertools import cycle, islice
from logging.config import dictConfig
from statistics import median
from time import process_time
from typing import Any, Final

from app.main import create_app
from benchmarks.requests.databases import KINDS
from config import DatabaseSettings, Settings
from containers import ApplicationContainer
from sessionscope import close_container
from sessionscope.code_lines import CodeLine
from sessionscope.database import checkouts
from sessionscope.observe.logging import logging_config
from sessionscope.observe.metrics.recording import record, recording, stop_recording

REQUESTS: Final = 500
SCOPE: Final[dict[str, Any]] = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
    "path": "/users/1", "raw_path": b"/users/1", "query_string": b"", "root_path": "",
    "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
}  # fmt: skip


@contextmanager
def unseen() -> Generator[None, None, None]:
    """Record neither the lines of code that take connections nor what happens to them."""
    line, code_line = CodeLine(__file__, 1, "nowhere"), checkouts.code_line
    checkouts.code_line = lambda: line
    stop_recording()
    try:
        yield
    finally:
        checkouts.code_line = code_line
        record()


async def measure(app: Any, count: int) -> float:
    """Return the microseconds of CPU time of a request, including what the thread does for it."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message.get("status", HTTPStatus.OK) != HTTPStatus.OK:
            raise SystemExit(f"the response is {message}")

    began = process_time()
    for _ in range(count):
        await app(dict(SCOPE), receive, send)
    recording.move()
    return (process_time() - began) / count * 1e6


async def compare(url: str, rounds: int) -> dict[str, list[float]]:
    """Return the times of each round, with and without being seen."""
    container = ApplicationContainer(settings=Settings(database=DatabaseSettings(url=url)))
    app = create_app(container)
    dictConfig(logging_config(container.settings().logging, server_lines=False))
    await measure(app, REQUESTS)
    times: dict[str, list[float]] = {"off": [], "on": []}
    for name in islice(cycle(["off", "on", "on", "off"]), rounds * 2):
        if name == "on":
            times[name].append(await measure(app, REQUESTS))
        else:
            with unseen():
                times[name].append(await measure(app, REQUESTS))
    await close_container(container)
    return times


def main() -> None:
    """Measure on each database, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observing")
    parser.add_argument("--rounds", type=int, default=20, help="of 500 requests each, on and off (20)")
    parser.add_argument("--database", action="append", choices=list(KINDS), help="a database; all by default")
    options = parser.parse_args()
    # The line of each request costs what it costs in a service, and is not shown.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    print("| database | off, us | on, us | on / off | ratio of the fastest rounds |", "|---|---|---|---|---|", sep="\n")
    for database in options.database or KINDS:
        with KINDS[database]() as url:
            times = asyncio.run(compare(url, options.rounds))
        off, on = median(times["off"]), median(times["on"])
        fastest = min(times["on"]) / min(times["off"])
        print(f"| {database} | {off:.0f} | {on:.0f} | {on / off:.3f} | {fastest:.3f} |")


if __name__ == "__main__":
    main()
