"""The tables, and the page that has them all."""

from datetime import UTC, datetime
from statistics import median

from benchmarks.machine import describe
from benchmarks.requests.client import CONCURRENCY
from benchmarks.requests.field import ENDPOINTS, LIMIT, PEERS, USERS, USUAL
from benchmarks.requests.measuring import Figures, Results

HEAD = ("CPU", "x limit", "x usual", "CPU, best", "wall")
TRIPS = "round trips"
PACKAGES = (
    "fastapi",
    "starlette",
    "pydantic",
    "sqlalchemy",
    "asyncpg",
    "psycopg",
    "aiosqlite",
    "dependency-injector",
    "dishka",
    "wireup",
    "that-depends",
    "advanced-alchemy",
)
INTRO = f"""\
# What a request costs

Microseconds per request: CPU time of the process that serves, and wall time, {CONCURRENCY} requests at a time.
The ASGI application is called in its process, so no HTTP is parsed. There are {USERS:,} users. Each peer has a process
of its own, and a pool of 20 connections that are tested before use. The code is in [benchmarks/peers](../peers).
The peers take turns, in another order each round.
CPU and wall time are those of the median round. Each ratio is taken within a round, whose noise all peers share, and
the table shows the median ratio. The best round is the one that other work on the machine disturbed least.
Round trips are those to the database server, for one request on a connection that has served before.

![CPU time per request](requests.svg)
"""


def page(databases: dict[str, Results], rounds: int, loop: str) -> str:
    """Return the whole page; the keys name the databases with their versions."""
    sections = [f"## {name}\n\n{tables(results)}" for name, results in databases.items()]
    end = (
        f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds, {loop}: {describe(*PACKAGES)}. `make bench` writes this file."
    )
    return "\n".join([INTRO, *sections, end, ""])


def tables(results: Results) -> str:
    """Return a table per endpoint, the fastest first."""
    return "\n".join(_table(endpoint, peers) for endpoint, peers in results.items() if peers)


def _table(endpoint: str, peers: dict[str, Figures]) -> str:
    is_counted = any(figures.trips for figures in peers.values())
    head = (*HEAD, TRIPS) if is_counted else HEAD
    lines = [f"### {ENDPOINTS[endpoint].title}", "", f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    for name, figures in sorted(peers.items(), key=lambda pair: pair[1].median):
        title = f"**{PEERS[name]}**" if name == "ours" else PEERS[name]
        cells = _cells(figures, peers) + ([f"{figures.trips or 0:g}"] if is_counted else [])
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cells(figures: Figures, peers: dict[str, Figures]) -> list[str]:
    ratios = [_ratio(figures, peers.get(LIMIT)), _ratio(figures, peers.get(USUAL))]
    return [f"{figures.median:.0f}", *ratios, f"{figures.best:.0f}", f"{median(figures.wall):.0f}"]


def _ratio(figures: Figures, other: Figures | None) -> str:
    return "" if other is None else f"{figures.times(other):.2f}"
