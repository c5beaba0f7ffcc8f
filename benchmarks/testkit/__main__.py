"""What isolating a test costs: ``python -m benchmarks.testkit``; writes ``benchmarks/results/testkit.md``."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import describe
from sessionscope.testing.servers import MariaDB, MissingBinary, PostgreSQL

ROOT: Final = Path(__file__).parents[2]
WAYS: Final = {
    "bare": "no isolation: one database for all tests",
    "usual": "the usual way: create_all and drop_all per test on a fresh engine",
    "database": "the kit, a database per test",
    "transaction": "the kit, one transaction per test",
}
SERVERS: Final[dict[str, tuple[type[Any], str]]] = {
    "PostgreSQL": (PostgreSQL, "asyncpg"),
    "MariaDB": (MariaDB, "aiomysql"),
}
ROUNDS: Final = 5
LEAST_MS: Final = 0.05


def main() -> None:
    """Run the ways in turn, a few rounds, and compare the medians."""
    with ExitStack() as stack:
        databases = {"SQLite": "sqlite"}
        for name, (kind, driver) in SERVERS.items():
            try:
                databases[name] = stack.enter_context(started(kind, driver))
            except MissingBinary as missing:
                print(f"without {name}: {missing}")
        found: dict[tuple[str, str], list[float]] = {(name, way): [] for name in databases for way in WAYS}
        for _ in range(ROUNDS):
            for (name, way), medians in found.items():
                medians.append(statistics.median(run(way, databases[name])) * 1000)
    table = report({case: statistics.median(medians) for case, medians in found.items()})
    print(table)
    (ROOT / "benchmarks" / "results" / "testkit.md").write_text(table)


@contextmanager
def started(kind: type[Any], driver: str) -> Iterator[str]:
    """Start a server, as `make test` has them; give the URL of its database."""
    with tempfile.TemporaryDirectory(prefix="app-bench-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        server = kind(Path(directory) / "server")
        server.start()
        try:
            yield server.url(driver=driver).render_as_string(hide_password=False)
        finally:
            server.stop()


def run(way: str, database: str) -> list[float]:
    """Return the seconds of each test but the first, fixtures included."""
    with tempfile.NamedTemporaryFile() as result:
        environment = {
            **os.environ,
            "APP_BENCH_WAY": way,
            "APP_BENCH_RESULT": result.name,
            "APP_TEST_DATABASE": database,
        }
        mode = way if way in ("database", "transaction") else "none"
        options = ["-q", "-p", "sessionscope.testing.plugin", "-p", "benchmarks.testkit.suite", "-p", "no:randomly"]
        command = [sys.executable, "-m", "pytest", *options, "-o", f"isolation={mode}", "benchmarks/testkit/suite.py"]
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        return json.loads(Path(result.name).read_text())


def report(medians: dict[tuple[str, str], float]) -> str:
    """Return the table."""
    rows: list[str] = []
    for (name, way), median in medians.items():
        bare = medians[name, "bare"]
        usual, isolation = medians[name, "usual"] - bare, median - bare
        # Below a few hundredths of a millisecond it can't be told from the noise.
        ratio = (
            "" if way == "bare" else f"{usual / isolation:.1f}x" if isolation > LEAST_MS else "more than can be told"
        )
        rows.append(f"| {name} | {WAYS[way]} | {median:.2f} | {isolation:.2f} | {ratio} |")
    head = ["| database | way | a test, ms | its isolation, ms | the usual way costs |", "|---|---|---|---|---|"]
    machine = describe("pytest", "sqlalchemy", "fastapi", "aiosqlite", "asyncpg", "aiomysql")
    intro = (
        "# What isolating a test costs\n\n200 tests that write a row over HTTP and read it; "
        f"medians over the tests and {ROUNDS} interleaved rounds.\n"
        "Each test has an event loop of its own, so on a server it connects anew, but not in one transaction: "
        "there the kit's connection is kept, and a test may take less time than without isolation.\n"
    )
    return "\n".join([intro, *head, *rows, "", f"{machine}. `make bench` writes this file.", ""])


if __name__ == "__main__":
    main()
