"""The table, and the page that has it."""

from datetime import UTC, datetime
from statistics import median

from benchmarks.machine import describe
from benchmarks.requests.field import USERS
from benchmarks.start.measuring import STARTS, Results, Stage, best_and_median

TITLES = {
    "nothing": "",
    "libraries": "the libraries alone",
    "ours": "**this service**",
    "usual": "the usual pattern",
    "command": "the command line",
}
PACKAGES = ("fastapi", "starlette", "pydantic", "sqlalchemy", "aiosqlite", "dependency-injector", "typer")
INTRO = f"""\
# What starting costs

Milliseconds, best / median, of new processes whose modules are compiled already.
Each stage follows the one above it. The first stage of each process begins when Python itself is ready.
"In all" is the wall time since the start of the process was requested, without the benchmark's own client.
Memory is the largest resident set up to that stage, in MB, the median.
The database is an SQLite file with {USERS:,} users, which was migrated before. A request is GET /users/{{id}}, called
in the process, without HTTP. The usual pattern is [benchmarks/peers/usual.py](../peers/usual.py): three endpoints with
their models and bodies. This service has two dozen endpoints.
"""


def page(results: Results, rounds: int) -> str:
    """Return the whole page."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    end = f"{today}, {rounds} rounds, asyncio: {describe(*PACKAGES)}. `make bench` writes this file."
    return "\n".join([INTRO, table(results), "", end, ""])


def table(results: Results) -> str:
    """Return a line per stage."""
    head = ("", "stage", "wall", "CPU", "in all, wall", "memory")
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for name, stages in results.items():
        # Named once, above the stages that follow.
        titles = [TITLES[name], *("" for _ in stages)]
        lines += [_line(title, STARTS[name][key], stage) for title, (key, stage) in zip(titles, stages.items())]  # noqa: B905
    return "\n".join(lines)


def _line(title: str, name: str, stage: Stage) -> str:
    figures = [best_and_median(each) for each in (stage.wall, stage.cpu, stage.since)]
    return f"| {' | '.join([title, name, *figures, f'{median(stage.peak):.0f}'])} |"
