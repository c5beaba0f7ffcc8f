"""Generated requests against the service as it is shipped: none may break it, or find its OpenAPI document wrong."""

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from resilience.places import File
from resilience.service import ROOT, Service
from sessionscope.testing.servers import PostgreSQL, process
from sessionscope.testing.servers.shared import Run

# Of an environment of its own, for its packages are not those of the tests.
PROGRAM: Final = Path(sys.prefix) / "fuzz" / "bin" / "schemathesis"
SETTINGS: Final = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True)
class Plan:
    """How much to generate on one kind of database.

    Attributes:
        cases: How many requests there have to be.
        examples: How many to make up for each operation; those at the bounds of the schema come on top.
        seconds: After which to stop.
    """

    cases: int
    examples: int
    seconds: int


PLANS: Final = {"sqlite": Plan(10_000, 440, 400), "postgresql": Plan(2_000, 60, 120)}


def fuzz(run: Run, place: str, seed: int) -> list[str]:
    """Send what the plan of *place* says; return the faults, each of which the output describes."""
    plan = PLANS[place]
    with _database(run, place) as url, run.own(Service, settings=_settings(url)) as service:
        service.seed(users=30, posts=30)
        before = _memory(service)
        done = _schemathesis(service.url, plan, seed)
        after, log = _memory(service), service.log()
    sys.stdout.write(f"{place}: {before:.0f} MB before, {after:.0f} MB after; seed {seed}\n")
    generated = re.search(r"(\d+) generated", done.stdout)
    faults = [] if done.returncode == 0 else [f"{place}: schemathesis found failures"]
    if generated is None or int(generated[1]) < plan.cases:
        faults.append(f"{place}: there were {generated[1] if generated else 'no'} cases, not {plan.cases}")
    if "Traceback" in log:
        faults.append(f"{place}: the service has logged a traceback:\n{log[-3000:]}")
    return faults


def _schemathesis(url: str, plan: Plan, seed: int) -> subprocess.CompletedProcess[str]:
    options = {
        "--checks": "all",
        "--mode": "all",
        "--phases": "examples,coverage,fuzzing",
        "--max-examples": str(plan.examples),
        "--max-time": str(plan.seconds),
        "--seed": str(seed),
        "--generation-database": "none",
    }
    command = [PROGRAM, "--config-file", SETTINGS, "run", f"{url}/openapi.json", "--continue-on-failure", "--no-color"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*map(str, command), *(word for option in options.items() for word in option)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    return done


@contextmanager
def _database(run: Run, place: str) -> Generator[URL, None, None]:
    if place == "sqlite":
        with run.own(File) as file:
            yield file.url
    else:
        with run.own(PostgreSQL) as server:
            yield server.url()


def _settings(url: URL) -> dict[str, str]:
    return {"DATABASE__URL": url.render_as_string(hide_password=False), "SERVER__WORKERS": "1"}


def _memory(service: Service) -> float:
    """Return the resident memory of the process that serves, in megabytes."""
    status = Path(f"/proc/{process.running(service.directory)}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0
