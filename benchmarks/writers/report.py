"""The table, and the page that has it."""

from datetime import UTC, datetime
from typing import Final

from benchmarks.machine import describe
from benchmarks.requests.field import PEERS, USUAL
from benchmarks.writers.measuring import Figures, Results

HEAD: Final = ("at a time", "service", "wall", "x usual", "p50", "p99", "x usual", "failed")
PACKAGES: Final = ("fastapi", "starlette", "sqlalchemy", "aiosqlite", "dependency-injector")
INTRO: Final = """\
# Transfers on SQLite

`POST /transfers/`, so many at a time, each as soon as the one before has its response. Times are in milliseconds: the
wall time per transfer, and the median and the 99th percentile of the latency.
The ASGI application is called in its process, so no HTTP is parsed. The peers have the same file and take turns, in
another order each round. The figures are those of the median round, and each ratio is the median of the ratios within
a round.
"""


def page(results: Results, database: str, rounds: int, count: int) -> str:
    """Return the whole page."""
    end = (
        f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds of {count} transfers, {database}: "
        f"{describe(*PACKAGES)}. `make bench` writes this file."
    )
    return "\n".join([INTRO, table(results), "", end, ""])


def table(results: Results) -> str:
    """Return a line for each peer and number of transfers at a time."""
    lines = [f"| {' | '.join(HEAD)} |", "|---:|---|" + "---:|" * (len(HEAD) - 2)]
    for crowd, peers in results.items():
        lines += [f"| {crowd} | {_cells(name, figures, peers)} |" for name, figures in peers.items()]
    return "\n".join(lines)


def _cells(name: str, figures: Figures, peers: dict[str, Figures]) -> str:
    title = f"**{PEERS[name]}**" if name == "ours" else PEERS[name]
    usual = peers.get(USUAL)
    ratios = {each: f"{figures.times(usual, each):.2f}" if usual else "" for each in ("wall", "p99")}
    wall, p50, p99 = (f"{figures.median_of(each):.1f}" for each in ("wall", "p50", "p99"))
    return " | ".join([title, wall, ratios["wall"], p50, p99, ratios["p99"], str(figures.failed)])
