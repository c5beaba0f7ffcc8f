"""Runs the service as in production, in processes that are started and killed by id."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import httpx2

from sessionscope.testing.servers import ports, process
from sessionscope.testing.servers.programs import ServerError

ROOT: Final = Path(__file__).parents[1]
WORKERS: Final = 2
_START_SECONDS: Final = 60
_RUN_AGAIN: Final = re.compile(r": run \d+: (.+); again in \d+ ms")


class Service:
    """``python -m app serve`` with two workers on a free loopback port, in a directory of its own.

    Args:
        directory: As for `sessionscope.testing.servers.server.Server`; `Run.own` makes and removes it.
        settings: Environment variables without their prefix, such as ``DATABASE__URL``.
    """

    def __init__(self, directory: Path | str, settings: dict[str, str]) -> None:
        self.directory = Path(directory).resolve()
        self._log = self.directory / "service.log"
        self._settings = {
            "SERVER__WORKERS": str(WORKERS),
            "SERVER__SHUTDOWN_TIMEOUT": "2",
            "LOGGING__LEVEL": "WARNING",
            "LOGGING__ACCESS": "false",
            **settings,
        }
        self.url = ""

    def start(self) -> None:
        """Migrate the database, then serve; return when the service answers requests."""
        port = ports.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._app("db", "upgrade").wait()
        process.remember(self.directory, self._app("serve", "--port", str(port)), signal.SIGTERM)
        if not process.wait_until(self._answers, seconds=_START_SECONDS, pause=0.2):
            raise ServerError(f"the service does not start:\n{self.log()[-2000:]}")

    def seed(self, *, users: int, posts: int) -> None:
        """Fill the database with generated rows."""
        self._app("db", "seed", "--users", str(users), "--posts", str(posts)).wait()

    def workers(self) -> list[int]:
        """Return the ids of the worker processes that run now."""
        parent = process.running(self.directory)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text() if parent else ""
        return [pid for pid in map(int, children.split()) if _is_worker(pid)]

    def kill_worker(self, random: Random) -> int:
        """Kill one of the workers with SIGKILL; return 1, or 0 if there is none."""
        workers = self.workers()
        if workers:
            os.kill(random.choice(workers), signal.SIGKILL)
        return len(workers[:1])

    def log(self) -> str:
        """Return what the service has logged so far."""
        return self._log.read_text(errors="replace")

    def runs_again(self) -> Counter[str]:
        """Count the units of work that were run again, by the logged reason."""
        return Counter(_RUN_AGAIN.findall(self.log()))

    def _app(self, *arguments: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
        own = {f"APP_{name}": value for name, value in self._settings.items()}
        with self._log.open("a") as log:
            return subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "app", *arguments],
                cwd=self.directory,
                env=kept | own | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        if process.running(self.directory) is None:
            raise ServerError(f"the service ended:\n{self.log()[-2000:]}")
        try:
            return httpx2.get(f"{self.url}/health/ready", timeout=5).is_success
        except httpx2.TransportError:
            return False


def wait_for_workers(services: list[Service], seconds: float = _START_SECONDS) -> bool:
    """Wait until every service has all its workers again; return False if that takes longer than *seconds*."""
    deadline = time.monotonic() + seconds
    while any(len(service.workers()) < WORKERS for service in services):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _is_worker(pid: int) -> bool:
    """Tell a worker from multiprocessing's resource tracker."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
