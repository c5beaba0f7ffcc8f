"""What isolating a test costs: ``python -m benchmarks.testkit``; writes ``benchmarks/results/testkit.md``."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.machine import describe

ROOT: Final = Path(__file__).parents[2]
WAYS: Final = {
    "bare": "no isolation: one database for all tests",
    "usual": "the usual way: create_all and drop_all per test on a fresh engine",
    "database": "the kit, a database per test",
    "transaction": "the kit, one transaction per test",
}
ROUNDS: Final = 5
LEAST_MS: Final = 0.05


def main() -> None:
    """Run the ways in turn, a few rounds, and compare the medians."""
    medians: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, found in medians.items():
            found.append(statistics.median(run(way)) * 1000)
    table = report({way: statistics.median(found) for way, found in medians.items()})
    print(table)
    (ROOT / "benchmarks" / "results" / "testkit.md").write_text(table)


def run(way: str) -> list[float]:
    """Return the seconds of each test but the first, fixtures included."""
    with tempfile.NamedTemporaryFile() as result:
        environment = {**os.environ, "APP_BENCH_WAY": way, "APP_BENCH_RESULT": result.name}
        mode = way if way in ("database", "transaction") else "none"
        arguments = ["-p", "tests.testkit.plugin", "-p", "benchmarks.testkit.suite", "-p", "no:randomly"]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            f"isolation={mode}",
            *arguments,
            "benchmarks/testkit/suite.py",
        ]
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        return json.loads(Path(result.name).read_text())


def report(medians: dict[str, float]) -> str:
    """Return the table."""
    bare = medians["bare"]
    usual = medians["usual"] - bare
    rows: list[str] = []
    for way, median in medians.items():
        isolation = median - bare
        # Below a few hundredths of a millisecond it can't be told from the noise.
        ratio = (
            "" if way == "bare" else f"{usual / isolation:.1f}x" if isolation > LEAST_MS else "more than can be told"
        )
        rows.append(f"| {WAYS[way]} | {median:.2f} | {isolation:.2f} | {ratio} |")
    head = ["| way | a test, ms | its isolation, ms | the usual way costs |", "|---|---|---|---|"]
    machine = describe("pytest", "sqlalchemy", "fastapi", "aiosqlite")
    intro = (
        "# What isolating a test costs\n\n200 tests that write a row over HTTP and read it, on SQLite; "
        f"medians over the tests and {ROUNDS} interleaved rounds.\n"
    )
    return "\n".join([intro, *head, *rows, "", f"{machine}. `make bench` writes this file.", ""])


if __name__ == "__main__":
    main()
