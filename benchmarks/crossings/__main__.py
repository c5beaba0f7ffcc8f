"""How many functions of ours a request crosses, and building an engine: ``python -m benchmarks.crossings``."""

import argparse
import asyncio
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.command import names, run
from benchmarks.crossings.counting import Crossings, Function
from benchmarks.requests.databases import KINDS
from benchmarks.requests.field import peer
from benchmarks.requests.serving import Serving
from containers import ApplicationContainer, close_container

# Each measured operation, with the greatest number of calls that we aim at on PostgreSQL.
ENDPOINTS: Final = {"user": ("a GET of a user", 28), "transfer": ("a transfer", 55)}
ENGINE: Final = ("config.json to engine", 30)
# Each operation runs this often first, so that filling caches is not counted.
WARM: Final = 20

Calls = Counter[Function]


def main() -> None:
    """Count, and print the functions by file."""
    options = _options()
    for kind in options.database:
        with KINDS[kind]() as url:
            counted = {**requests(url), ENGINE: engine(url)}
        print(f"\n# {kind}")
        for (what, goal), calls in counted.items():
            print(f"\n{report(what, calls, goal if kind == 'postgresql' else None, details=not options.brief)}")


def requests(url: str) -> dict[tuple[str, int], Calls]:
    """Return the calls of one request to each endpoint."""
    found: dict[tuple[str, int], Calls] = {}
    with Crossings() as crossings, Serving(peer("ours"), url) as serving:
        for endpoint, about in ENDPOINTS.items():
            serving.run(endpoint, WARM, 1)
            with crossings.recording():
                serving.run(endpoint, 1, 1)
            found[about] = crossings.calls.copy()
    return found


def engine(url: str) -> Calls:
    """Return the calls of the first use of an engine in a container, which reads the settings from a file."""
    with tempfile.TemporaryDirectory() as directory, Crossings() as crossings:
        file = Path(directory) / "config.json"
        file.write_text(json.dumps({"database": {"url": url}}))
        os.environ["APP_CONFIG_FILE"] = str(file)
        for _ in range(2):
            container = ApplicationContainer()
            with crossings.recording():
                container.database.engine()
            asyncio.run(close_container(container))
        del os.environ["APP_CONFIG_FILE"]
        return crossings.calls


def report(what: str, calls: Calls, goal: int | None, *, details: bool) -> str:
    """Return the number of calls, how it compares with the goal, and the functions by file."""
    total = sum(calls.values())
    comparison = "" if goal is None else f" (goal: at most {goal}{', MISSED' if total > goal else ''})"
    lines = [f"{what}: {total}{comparison}"]
    for function, count in sorted(calls.items()) if details else ():
        times = f" x {count}" if count > 1 else ""
        lines.append(f"    {function.file}:{function.line} {function.name}{times}")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crossings", description=__doc__)
    parser.add_argument("--database", type=names(KINDS), default=[*KINDS], help=f"of {', '.join(KINDS)}")
    parser.add_argument("--brief", action="store_true", help="the numbers only")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
