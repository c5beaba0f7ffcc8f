"""The faults that happen while the bank works."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import sleep
from typing import Final

from resilience.service import Service
from sessionscope.testing.servers import Host, MariaDB, Network, PostgreSQL
from sessionscope.testing.servers.programs import ServerError

# Prefers busy connections: the loss of an idle one tests little.
_BUSY_BACKEND: Final = """
SELECT count(pg_terminate_backend(pid)) FROM (
  SELECT pid FROM pg_stat_activity WHERE usename = 'app' ORDER BY state = 'idle', random() LIMIT 1
) AS victim
"""
_BUSY_CONNECTION: Final = """
SELECT id FROM information_schema.processlist WHERE user = 'app' ORDER BY command = 'Sleep', rand() LIMIT 1
"""
_ANY_CONNECTION: Final = "SELECT id FROM information_schema.processlist WHERE user = 'app' ORDER BY rand() LIMIT 1"

# Longer than connecting may take, and than a client waits before it sends a transfer again.
_CUT_SECONDS: Final = 8

Break = Callable[[Random], int]


@dataclass
class Faults:
    """The faults of a run, and how often each happened.

    Attributes:
        often: Faults for twice a second, by name; each returns how many targets it hit.
        once: Faults for the middle of the run.
    """

    services: list[Service]
    often: dict[str, Break]
    once: dict[str, Break]
    random: Random
    done: Counter[str] = field(default_factory=Counter[str])

    async def happen(self, seconds: float) -> None:
        """Cause the faults for as long as the run goes on."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat("workers killed", self._kill_worker, max(5, seconds / 6), seconds))
            for name, act in self.often.items():
                tasks.create_task(self._repeat(name, act, 0.5, seconds))
            for name, act in self.once.items():
                tasks.create_task(self._repeat(name, act, seconds / 2, seconds))

    def _kill_worker(self, random: Random) -> int:
        return random.choice(self.services).kill_worker(random)

    async def _repeat(self, name: str, act: Break, every: float, seconds: float) -> None:
        for _ in range(int(seconds / every - 0.001)):
            await asyncio.sleep(every)
            self.done[name] += await asyncio.to_thread(act, self.random)


def terminate_backend(server: PostgreSQL) -> Break:
    """Return a function that ends a connection of the service in PostgreSQL."""
    return lambda _: int(server.sql(_BUSY_BACKEND))


def kill_connection(*servers: MariaDB) -> Break:
    """Return a function that ends a connection of the service in one of these MariaDB servers."""

    def act(random: Random) -> int:
        server = random.choice(servers)
        try:
            victim = server.sql(random.choice([_BUSY_CONNECTION, _ANY_CONNECTION]))
            server.sql(f"KILL {victim}" if victim else "")
        except ServerError:
            # The connection ended by itself, or the whole server is gone.
            return 0
        return len(victim.split())

    return act


def kill_server(server: MariaDB) -> Break:
    """Return a function that kills a whole server with SIGKILL."""

    def act(_: Random) -> int:
        server.kill()
        return 1

    return act


def cut_network(network: Network, host: Host) -> Break:
    """Return a function that silently loses all packets between the service and a server's *host* for some seconds."""

    def act(_: Random) -> int:
        network.cut(network.here, host)
        sleep(_CUT_SECONDS)
        network.heal()
        return 1

    return act
