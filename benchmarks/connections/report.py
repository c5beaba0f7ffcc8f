"""The table, what it shows, and the page that has them."""

from datetime import UTC, datetime
from statistics import median
from typing import Final

from benchmarks.connections.measuring import Figures, Outcome
from benchmarks.connections.other_service import SECONDS
from benchmarks.connections.pool import POOL, SIZE
from benchmarks.connections.readers import BYTES, PAUSE_SECONDS, RECEIVE_BUFFER_BYTES, SEGMENT_BYTES
from benchmarks.connections.scenarios import FAST, KINDS
from benchmarks.machine import describe
from benchmarks.requests.field import PEERS

# By kind, then by peer.
Results = dict[str, dict[str, Outcome]]

PACKAGES: Final = ("uvicorn", "h11", "fastapi", "starlette", "sqlalchemy", "asyncpg", "dependency-injector")
HEAD: Final = (
    "service",
    "responses/s alone",
    "responses/s beside",
    "p50, ms",
    "p99, ms",
    "longest, s",
    "errors",
    f"connections taken of {SIZE}: mean, most",
    "responses blocked",
)
INTRO: Final = f"""\
# What a pool of {SIZE} connections endures

{FAST.count} clients repeat `GET /users/{{id}}`, each as soon as it has its response: first alone,
then beside clients that disturb them. The figures are those of the {FAST.count} clients, after the server has
worked off the first requests of the others, as far as it can.
A request that still waits at the end counts in the latency with the time that it has waited.
The server is uvicorn, one process; `pool_size={SIZE}`, `max_overflow=0`, `pool_timeout={POOL["pool_timeout"]}`.
The endpoints are in [benchmarks/connections](../connections). Those of this service read through a service of its
container, which gives the connection back after each read. Those of the usual pattern use the session of the request.
So the stream of this service consists of pages, each read after the last was sent, and is not one snapshot.

Slow readers take {BYTES} bytes each {PAUSE_SECONDS:g} s.
They have a receive buffer of {RECEIVE_BUFFER_BYTES} bytes, and segments of {SEGMENT_BYTES} bytes as on an Ethernet;
otherwise the system would buffer megabytes on loopback.
The server shows whether it really waits for them: *responses blocked* is the greatest number of responses in the middle
of an ASGI `send`. uvicorn accepts a response in one piece as a whole, and waits before the next piece. So a plain page
blocks nothing, but a stream does, and so does another response on the same connection.
"""


def page(results: Results, database: str, seconds: float) -> str:
    """Return the whole page."""
    how = f"{seconds:g} s each, {database}"
    end = f"{datetime.now(UTC):%Y-%m-%d}, {how}: {describe(*PACKAGES)}. `make bench` writes this file."
    return "\n".join([INTRO, table(results), end, ""])


def table(results: Results) -> str:
    """Return the table, and sentences about what it shows."""
    lines = [f"| beside | {' | '.join(HEAD)} |", "|---|---|" + "---:|" * (len(HEAD) - 1)]
    for kind, outcomes in results.items():
        for name, outcome in outcomes.items():
            shown = f"**{PEERS[name]}**" if name == "ours" else PEERS[name]
            lines.append(f"| {KINDS[kind].title} | {shown} | {' | '.join(_cells(outcome))} |")
    return "\n".join([*lines, "", *_shown(results), ""])


def _cells(outcome: Outcome) -> list[str]:
    beside, errors = outcome.beside, outcome.beside.errors + outcome.disturbers.errors
    taken = f"{beside.watched['taken_mean']:.1f}, {beside.watched['taken_most']:.0f}"
    return [
        f"{outcome.alone.rate:.0f}",
        f"{beside.rate:.{_digits(beside)}f}",
        f"{beside.p50:.1f}",
        f"{beside.p99:.1f}",
        f"{beside.longest:.1f}",
        f"{errors}",
        taken,
        f"{beside.watched['blocked_most']:.0f}",
    ]


def _digits(figures: Figures) -> int:
    return 1 if figures.rate < 10 else 0  # noqa: PLR2004


def _shown(results: Results) -> list[str]:
    """Return sentences about what the table shows."""
    kept: dict[str, float] = {}
    for outcomes in results.values():
        for name, outcome in outcomes.items():
            kept[name] = min(kept.get(name, 1), outcome.beside.rate / outcome.alone.rate)
    shares = [f"{PEERS[name]} keeps {share:.0%}" for name, share in kept.items()]
    sentences = [f"At the worst disturbance, of its responses per second alone, {', '.join(shares)}."]
    if "checked" in results:
        waits = [
            f"{median(each.disturbers.waits):.1f} s with {PEERS[name]}" for name, each in results["checked"].items()
        ]
        sentences.append(
            f"A client of the endpoint that awaits another service waits {' and '.join(waits)}, in the median; "
            f"the other service takes {SECONDS} s of that."
        )
    return sentences
