"""Clients behind a load balancer: each sends its requests to a random one of the ports that are in use."""

import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Final

from benchmarks.load.servers import HOST

CLIENTS: Final = 16
PATH: Final = "/users/1"
PAUSE_SECONDS: Final = 0.01


class Balancer:
    """Sends requests, and counts what becomes of them.

    Args:
        keeps: Whether a client keeps its connections.
        retries: Whether a request that failed is sent to another port.
    """

    def __init__(self, *ports: int, keeps: bool = True, retries: bool = False) -> None:
        self.ports = list(ports)
        self.seen: Counter[str] = Counter()
        self._keeps = keeps
        self._retries = retries
        self._is_over = False

    @contextmanager
    def load(self) -> Generator[None, None, None]:
        """Let the clients send requests until the block ends."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(self._repeat, Random(number)) for number in range(CLIENTS)]  # noqa: S311
            try:
                yield
            finally:
                self._is_over = True
        self.seen.update(part for client in clients for part in client.result().elements())

    def _repeat(self, random: Random) -> Counter[str]:
        seen: Counter[str] = Counter()
        kept: dict[int, HTTPConnection] = {}
        while not self._is_over:
            ports = random.sample(self.ports, len(self.ports))
            answered = [self._ask(ports.pop(), kept)]
            while self._retries and ports and not answered[-1]:
                answered.append(self._ask(ports.pop(), kept))
            seen.update(requests=1, failed=not answered[-1], repeated=len(answered) - 1)
            time.sleep(PAUSE_SECONDS)
        return seen

    def _ask(self, port: int, kept: dict[int, HTTPConnection]) -> bool:
        connection = kept.pop(port, None) or HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", PATH)
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException):
            connection.close()
            return False
        if self._keeps:
            kept[port] = connection
        else:
            connection.close()
        return response.status == 200  # noqa: PLR2004
