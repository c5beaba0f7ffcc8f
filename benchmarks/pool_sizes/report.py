"""The tables, and the page that has them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Final

from benchmarks.machine import describe
from benchmarks.pool_sizes.measuring import CLIENTS, SECONDS, Outcome
from benchmarks.pool_sizes.server import STATEMENT_SECONDS

PACKAGES: Final = ("uvicorn", "fastapi", "sqlalchemy", "asyncpg")
INTRO: Final = f"""\
# Pool sizes, predicted and measured

{CLIENTS} clients repeat a request to the sample service, each as soon as it has the response.
The request holds a connection for a statement of {STATEMENT_SECONDS * 1000:.0f} ms, so the pool is the limit
until the processor is. One process, `max_overflow=0`. The hold time is measured with one client alone.

- predicted responses per second: connections / hold time of one client
- in use, by Little's law: measured responses per second * measured hold time
- predicted wait: {CLIENTS} / predicted responses per second - hold time, because the clients do nothing else

Measured waits are from `sessionscope_connection_acquire_seconds`, interpolated as Prometheus does.
"""
HEAD: Final = (
    "| pool_size | predicted, per second | measured | ratio | in use | predicted wait, ms | mean wait | p50 | p99 |"
)
COUNTED_HEAD: Final = """\
How many connections the server counts at most, when the workers are busy:

| workers | engines in use | pool_size + max_overflow | formula | counted |
|---:|---|---:|---:|---:|"""


@dataclass(frozen=True)
class Count:
    """How many connections there were, beside what the formula says."""

    workers: int
    engines: str
    size: int
    overflow: int
    counted: int

    @property
    def formula(self) -> int:
        """Workers, times connections of a pool, times engines."""
        return self.workers * (self.size + self.overflow) * len(self.engines.split(" and "))


def page(hold: float, sizes: dict[int, list[Outcome]], counts: list[Count], database: str) -> str:
    """Return the whole page; *hold* is in seconds."""
    rounds = len(next(iter(sizes.values())))
    how = f"{datetime.now(UTC):%Y-%m-%d}, medians of {rounds} runs of {SECONDS:g} s, {database}"
    end = f"{how}: {describe(*PACKAGES)}. `python -m benchmarks.pool_sizes` writes this file."
    return "\n".join([INTRO, tables(hold, sizes, counts), "", end, ""])


def tables(hold: float, sizes: dict[int, list[Outcome]], counts: list[Count]) -> str:
    """Return both tables."""
    lines = [f"Hold time: {hold * 1000:.1f} ms.", "", HEAD, "|---:" * 9 + "|"]
    lines += [_line(size, hold, runs) for size, runs in sizes.items()]
    lines += ["", COUNTED_HEAD]
    lines += [f"| {c.workers} | {c.engines} | {c.size} + {c.overflow} | {c.formula} | {c.counted} |" for c in counts]
    return "\n".join(lines)


def _line(size: int, hold: float, runs: list[Outcome]) -> str:
    predicted = size / hold
    measured = median(run.rate for run in runs)
    waits = [median(getattr(run, name) for run in runs) for name in ("wait_mean", "wait_p50", "wait_p99")]
    times = " | ".join(f"{each * 1000:.0f}" for each in (CLIENTS / predicted - hold, *waits))
    used = median(run.rate * run.hold_mean for run in runs)
    return f"| {size} | {predicted:.0f} | {measured:.0f} | {measured / predicted:.2f} | {used:.1f} | {times} |"
