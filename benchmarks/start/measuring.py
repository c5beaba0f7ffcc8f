"""Fresh processes, one after the other, in another order each round."""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# What a process starts, and what the tables call its stages.
STARTS: Final = {
    "nothing": {"nothing": "Python alone"},
    "libraries": {"import": "import fastapi, sqlalchemy"},
    "ours": {
        "import": "import app.main",
        "build": "container and application",
        "start": "lifespan",
        "first": "first request",
        "second": "second request",
    },
    "usual": {
        "import": "import the application's module",
        "build": "engine and application",
        "start": "lifespan",
        "first": "first request",
        "second": "second request",
    },
    "command": {"help": "python -m app --help", "end": "end of the process"},
}
# A stage of a child that is the benchmark's own: in no sum.
CLIENT: Final = "client"


@dataclass
class Stage:
    """What was measured of one stage, a figure per process.

    Attributes:
        wall: Milliseconds.
        cpu: Milliseconds, those of threads too.
        since: Milliseconds from the start of the process to the end of the stage.
        peak: The most memory of the process until then, in MB.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    since: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)


# By what is started, then by stage.
Results = dict[str, dict[str, Stage]]


def measure(url: str, names: Iterable[str], rounds: int) -> Results:
    """Start each of *names* so many times, and once before."""
    order = list(names)
    results: Results = {name: {stage: Stage() for stage in STARTS[name]} for name in order}
    with tempfile.TemporaryDirectory(prefix="app-bench-") as directory:
        environment = _environment(url, directory)
        for name in order:
            # Compiles what it imports.
            _measure_once(name, environment, {stage: Stage() for stage in STARTS[name]})
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for name in random.sample(order, len(order)):
                _measure_once(name, environment, results[name])
    return results


def _environment(url: str, directory: str) -> dict[str, str]:
    """Return ours with the database, and with a place for compiled modules, wherever they come from.

    Otherwise libraries may be compiled and the service not, as where `PYTHONDONTWRITEBYTECODE` is set.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(("APP_", "PYTHON"))}
    return {**others, "APP_DATABASE__URL": url, "PYTHONPYCACHEPREFIX": directory}


def _measure_once(name: str, environment: dict[str, str], stages: dict[str, Stage]) -> None:
    command = [sys.executable, "-m", "benchmarks.start.child", name]
    # The same clock for all processes.
    began, cpu_before = time.monotonic(), _cpu_of_children()
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    notes = json.loads(done.stdout)
    notes.append(("end", time.monotonic(), _cpu_of_children() - cpu_before, notes[-1][-1]))
    last, last_cpu = began, 0.0
    for stage, now, cpu, peak in notes:
        if stage == CLIENT:
            began += now - last
        if stage in stages:
            stages[stage].wall.append((now - last) * 1000)
            stages[stage].cpu.append((cpu - last_cpu) * 1000)
            stages[stage].since.append((now - began) * 1000)
            stages[stage].peak.append(peak)
        last, last_cpu = now, cpu


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def best_and_median(values: list[float]) -> str:
    digits = 1 if median(values) < 10 else 0  # noqa: PLR2004
    return f"{min(values):,.{digits}f} / {median(values):,.{digits}f}"
