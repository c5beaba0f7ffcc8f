"""The tables, and the page that has them all."""

from datetime import UTC, datetime
from statistics import median

from benchmarks.growth.curves import CURVES
from benchmarks.growth.measuring import Results
from benchmarks.machine import describe
from benchmarks.requests.client import CONCURRENCY
from benchmarks.requests.field import USUAL
from benchmarks.requests.measuring import Figures

NAMES = {"limit": "limit", "bare": "bare FastAPI", "usual": "usual", "ours": "**this service**"}
PACKAGES = ("fastapi", "starlette", "pydantic", "sqlalchemy", "asyncpg", "dependency-injector")
INTRO = f"""\
# How the cost of a request grows

Microseconds: CPU time of the process that serves, median round (best round), and wall time, median round.
The figures are measured as in [requests.md](requests.md), with {CONCURRENCY} requests at a time unless
stated otherwise: the ASGI application is called in its process, so no HTTP is parsed,
and each peer has a process of its own.
The usual pattern is `Depends(get_async_db)`. The limit is Starlette and asyncpg with JSON written by hand.
The peers take turns at each point, in another order each round. Ratios and slopes are those of the median round.

![How the cost of a request grows](growth.svg)
"""


def page(database: str, results: Results, rounds: int) -> str:
    """Return the whole page; *database* is its name with its version."""
    end = (
        f"{datetime.now(UTC):%Y-%m-%d}, {rounds} rounds, asyncio, {database}: {describe(*PACKAGES)}. "
        "`make bench` writes this file."
    )
    return "\n".join([INTRO, tables(results), end, ""])


def tables(results: Results) -> str:
    """Return a table per curve."""
    return "\n".join(_table(name, peers) for name, peers in results.items())


def _table(name: str, peers: dict[str, dict[int, Figures]]) -> str:
    curve = CURVES[name]
    titles = [NAMES[peer] for peer in peers]
    head = [curve.axis, *(f"{title}, CPU" for title in titles), "x usual", *(f"{title}, wall" for title in titles)]
    lines = [f"## {curve.title}", "", curve.about, "", f"| {' | '.join(head)} |", "|---:" * len(head) + "|"]
    lines += [_line(f"{point.at:,}", [each[point.at] for each in peers.values()], peers) for point in curve.points]
    if curve.each:
        lines.append(_slope_line(curve.each, peers))
    return "\n".join([*lines, ""])


def _line(place: str, figures: list[Figures], peers: dict[str, dict[int, Figures]]) -> str:
    by_peer = dict(zip(peers, figures, strict=True))
    cpu = [f"{each.median:,.0f} ({each.best:,.0f})" for each in figures]
    wall = [f"{median(each.wall):,.0f}" for each in figures]
    ratio = f"{by_peer['ours'].times(by_peer[USUAL]):.2f}"
    return f"| {' | '.join([place, *cpu, ratio, *wall])} |"


def _slope_line(each: tuple[str, int, int], peers: dict[str, dict[int, Figures]]) -> str:
    what, first, last = each
    slopes = {peer: (figures[last].median - figures[first].median) / (last - first) for peer, figures in peers.items()}
    ratio = f"{slopes['ours'] / slopes[USUAL]:.2f}"
    return f"| {' | '.join([what, *(f'{slope:.1f}' for slope in slopes.values()), ratio, *('' for _ in slopes)])} |"
