"""One peer in this process, with its own event loop: ask it, time it, profile it."""

import asyncio
import gc
import time
from importlib import import_module
from random import Random
from typing import Any, Self

from benchmarks.requests.client import CONCURRENCY, Lifespan, ask, ask_all
from benchmarks.requests.counting import Trips
from benchmarks.requests.field import ENDPOINTS, Request


class Serving:
    """A peer that has started.

    Args:
        module: Has ``build(url)``.
        url: The database, in SQLAlchemy's words.
        loop: asyncio, or uvloop where that is installed.
        counted: Count round trips to the database server, which costs time.
    """

    def __init__(self, module: str, url: str, *, loop: str = "asyncio", counted: bool = False) -> None:
        self._module = module
        self._url = url
        self._loop = loop
        self._counted = counted
        self._random = Random(module)  # noqa: S311
        self._trips = Trips()

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner(loop_factory=import_module(self._loop).new_event_loop)
        self._runner.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._lifespan.end())
        self._runner.close()

    async def _start(self) -> None:
        url = await self._trips.before(self._url) if self._counted else self._url
        self.app: Any = import_module(self._module).build(url)
        self._lifespan = Lifespan(self.app)
        await self._lifespan.start()

    def response(self, request: Request) -> str:
        return self._runner.run(ask(self.app, request, self._lifespan.state)).body.decode()

    def requests(self, endpoint: str, count: int) -> list[Request]:
        return [ENDPOINTS[endpoint].make(self._random) for _ in range(count)]

    def run(self, endpoint: str, count: int, concurrency: int = CONCURRENCY) -> tuple[float, float]:
        """Return CPU time and wall time per request, in microseconds; threads count."""
        requests = self.requests(endpoint, count)
        gc.collect()
        return self._runner.run(self._timed(requests, concurrency))

    async def _timed(self, requests: list[Request], concurrency: int) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        await ask_all(self.app, requests, self._lifespan.state, concurrency)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return cpu / len(requests) * 1e6, wall / len(requests) * 1e6

    def trips(self, endpoint: str, count: int = 10) -> float:
        """Return round trips to the database server per request, one request at a time."""
        # Drivers prepare a statement only after some times.
        self.run(endpoint, 10, 1)
        before = self._trips.count
        self.run(endpoint, count, 1)
        return (self._trips.count - before) / count
