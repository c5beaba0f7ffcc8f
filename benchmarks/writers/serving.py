"""One application in this process, as in benchmarks.requests, that also tells how long each request took."""

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.requests.client import ask
from benchmarks.requests.field import Request
from benchmarks.requests.serving import Serving


class WritersServing(Serving):
    """An application that has started."""

    def run(self, endpoint: str, count: int, concurrency: int = 1) -> Any:
        """Return the wall time per request and the latency of each request, in milliseconds, and the failed ones."""
        requests = self.requests(endpoint, count)
        gc.collect()
        return self._runner.run(self._latencies(requests, concurrency))

    async def _latencies(self, requests: list[Request], concurrency: int) -> tuple[float, list[float], int]:
        rest, latencies, failed = iter(requests), list[float](), list[Exception]()
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._ask_rest(rest, latencies, failed))
        wall = (time.perf_counter() - begun) / len(requests) * 1000
        return wall, latencies, len(failed)

    async def _ask_rest(self, rest: Iterator[Request], latencies: list[float], failed: list[Exception]) -> None:
        for request in rest:
            begun = time.perf_counter()
            try:
                await asyncio.create_task(ask(self.app, request, self._lifespan.state))
            except Exception as error:  # noqa: BLE001 - such as a locked database, in a service without handlers
                failed.append(error)
            latencies.append((time.perf_counter() - begun) * 1000)
