"""The tables, and the page that has them all."""

from datetime import UTC, datetime

from benchmarks.load.client import version
from benchmarks.load.field import FLOORS, OURS, title
from benchmarks.load.measuring import Figures, Plan, Results
from benchmarks.load.server import LOOP, PARSER
from benchmarks.machine import describe
from benchmarks.requests.field import PEERS, USERS
from benchmarks.requests.report import PACKAGES

INTRO = f"""\
# Requests over HTTP

[wrk](https://github.com/wg/wrk) sends `GET /users/{{id}}` for random users, of {USERS:,}, on connections that it keeps.
uvicorn serves each peer with the same options, in processes of its own that have a pool of 20 connections each.
The code of the peers is in [benchmarks/peers](../peers).
wrk, the servers and the database share the machine: with as many workers as cores they take time from each other.

Each cell has the responses per second and, in brackets, the latency in milliseconds, median and 99th percentile. In the
latency, wrk also counts requests that it could not send because of a slow response. All are medians over the rounds.
The peers take turns, in another order each round. Errors are those of all rounds.

![Requests per second and latency over concurrency](load.svg)
"""


def page(found: dict[int, Results], plan: Plan, database: str) -> str:
    """Return the whole page; the keys are numbers of workers."""
    sections = [f"## {title(workers)}\n\n{table(results)}" for workers, results in found.items()]
    how = f"{plan.rounds} rounds of {plan.seconds:g} s, {version()}, {database}, {LOOP} and {PARSER}"
    machine = describe("uvicorn", PARSER, *PACKAGES)
    end = f"{datetime.now(UTC):%Y-%m-%d}, {how}: {machine}. `make bench` writes this file."
    return "\n".join([INTRO, *sections, end, ""])


def table(results: Results) -> str:
    """Return the table of one number of workers, the fastest first, and how this service does in it."""
    concurrencies = list(next(iter(results.values())))
    head = [*(f"{each} at a time" for each in concurrencies), "errors"]
    lines = [f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    for name, row in sorted(results.items(), key=lambda pair: -sum(figures.rate for figures in pair[1].values())):
        shown = f"**{PEERS[name]}**" if name == OURS else PEERS[name]
        cells = [_cell(figures) for figures in row.values()]
        lines.append(f"| {shown} | {' | '.join([*cells, _errors(row)])} |")
    return "\n".join([*lines, "", _standing(results), ""])


def _cell(figures: Figures) -> str:
    return f"{figures.rate:.0f} ({figures.p50:.1f} / {figures.p99:.1f})"


def _errors(row: dict[int, Figures]) -> str:
    counts = {each: figures.errors for each, figures in row.items() if figures.errors}
    return "; ".join(
        f"at {each}: {', '.join(f'{count} {kind}' for kind, count in errors.items())}"
        for each, errors in counts.items()
    )


def _standing(results: Results) -> str:
    others = {name: row for name, row in results.items() if name not in (OURS, *FLOORS)}
    if OURS not in results or not others:
        return ""
    ratios = {
        each: figures.rate / max(row[each].rate for row in others.values()) for each, figures in results[OURS].items()
    }
    ahead = [str(each) for each, ratio in ratios.items() if ratio >= 1]
    shares = ", ".join(f"{ratio:.2f} at {each}" for each, ratio in ratios.items())
    return (
        f"This service answers at least as many requests as the best of the peers {_join(ahead)}; "
        f"times the best of them, floors not counted: {shares}."
    )


def _join(numbers: list[str]) -> str:
    if not numbers:
        return "at none of these"
    return f"at {' and '.join(filter(None, [', '.join(numbers[:-1]), numbers[-1]]))} at a time"
