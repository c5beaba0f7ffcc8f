"""Measures the sample with pools of several sizes."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import NullPool, create_engine, text

from benchmarks.load.servers import served
from benchmarks.pool_sizes.clients import repeat
from benchmarks.pool_sizes.figures import HOLD, WAIT, figures
from benchmarks.pool_sizes.server import FACTORY, STATEMENT_SECONDS

CLIENTS: Final = 64
SECONDS: Final = 4.0
WARM_UP_SECONDS: Final = 1.0
# A server that is shared may have connections to other databases.
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
PATHS: Final = {"async": ("/hold",), "async and sync": ("/hold", "/hold-in-thread")}


@dataclass(frozen=True)
class Outcome:
    """What one run has shown: responses per second, and seconds of the waits and holds."""

    rate: float
    wait_mean: float
    wait_p50: float
    wait_p99: float
    hold_mean: float


def measure(url: str, size: int, clients: int = CLIENTS, seconds: float = SECONDS) -> Outcome:
    """Measure one process with a pool of *size* connections, without overflow."""
    # The first wait of each client is shorter than the later ones.
    filled = WARM_UP_SECONDS + 2 * clients * STATEMENT_SECONDS / size
    with (
        served(FACTORY, BENCH_URL=url, BENCH_SIZE=str(size), BENCH_OVERFLOW="0") as server,
        ThreadPoolExecutor(1) as pool,
    ):
        load = pool.submit(repeat, server.port, PATHS["async"], clients, filled + seconds + 1)
        time.sleep(filled)
        begun, first = time.monotonic(), figures(server.port)
        time.sleep(seconds)
        lasted, last = time.monotonic() - begun, figures(server.port)
        load.result()
    wait, hold = (last[name].since(first[name]) for name in (WAIT, HOLD))
    return Outcome(hold.count / lasted, wait.mean, wait.quantile(0.5), wait.quantile(0.99), hold.mean)


def connections(url: str, engines: str, workers: int, size: int, overflow: int) -> int:
    """Return how many connections the server counts at most while so many workers are busy."""
    engine = create_engine(url.replace("+asyncpg", "+psycopg"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with (
        engine.connect() as watching,
        served(FACTORY, workers, BENCH_URL=url, BENCH_SIZE=str(size), BENCH_OVERFLOW=str(overflow)) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        load = pool.submit(repeat, server.port, PATHS[engines], CLIENTS, SECONDS)
        most = 0
        while not load.done():
            most = max(most, watching.scalar(_OTHERS) or 0)
            time.sleep(0.1)
        load.result()
    return most
