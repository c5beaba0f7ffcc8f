"""The clients: wrk, and what it says."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load.servers import HOST
from benchmarks.requests.field import USERS
from sessionscope.testing.servers.programs import find

SCRIPT: Final = Path(__file__).with_name("users.lua")
# By default, wrk counts a response after 2 seconds as an error; the latency shows how slow a service is.
PATIENCE_SECONDS: Final = 10


@dataclass(frozen=True)
class Shot:
    """What was measured of one server in one go.

    Attributes:
        rate: Responses per second.
        p50: Median latency, in milliseconds.
        p99: The latency of which 1 % were worse, in milliseconds.
        errors: How many, by their kind; only kinds that happened.
    """

    rate: float
    p50: float
    p99: float
    errors: dict[str, int]


def program() -> str:
    """Return the path of wrk.

    Raises:
        MissingBinary: It is not installed.
    """
    return find("wrk", "wrk")


def version() -> str:
    """Return what wrk calls itself, as wrk 4.1.0."""
    # With --version, wrk also prints its usage, and exits with 1.
    said = subprocess.run([program(), "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return f"wrk {found[0] if found else ''}".strip()


def shoot(port: int, concurrency: int, seconds: float) -> Shot:
    """Ask for random users, so many at a time and so long."""
    # One thread sends requests far faster than any service here answers.
    options = ["-t1", f"-c{concurrency}", f"-d{seconds:g}", f"--timeout={PATIENCE_SECONDS}", f"-s{SCRIPT}"]
    command = [program(), *options, f"http://{HOST}:{port}", "--", str(USERS)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Last, after what it tells people.
    figures = json.loads(said.splitlines()[-1])
    errors = {kind: figures[kind] for kind in ("connect", "read", "write", "timeout", "status") if figures[kind]}
    return Shot(figures["requests"] / figures["seconds"], figures["p50_ms"], figures["p99_ms"], errors)
