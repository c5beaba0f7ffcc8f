"""`/metrics` of the served sample, with one worker and with several."""

import os
import re
import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.app.commands.serving import PATIENCE_SECONDS, migrated, served

pytestmark = pytest.mark.isolation("none")

COUNT = re.compile(
    r'^sessionscope_http_request_seconds_count\{.*route="/users/\{user_id\}".*\} ([\d.]+)$', re.MULTILINE
)
PID = re.compile(r'^sessionscope_sessions_open\{pid="(\d+)"\}', re.MULTILINE)


def metrics(port: int) -> str:
    """Return what Prometheus gets. Each request is a new connection, which any worker may accept."""
    return httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text


def counted(port: int) -> float:
    """Return how many requests for a user were counted."""
    return sum(map(float, COUNT.findall(metrics(port))))


def wait_for(port: int, count: float) -> None:
    """Wait until the workers have moved their counts into the common sum, which they do once a second."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while counted(port) < count and time.monotonic() < deadline:
        time.sleep(0.1)


def ask(port: int, times: int) -> None:
    """Ask for a user, each time on a new connection."""
    for _ in range(times):
        httpx2.get(f"http://127.0.0.1:{port}/users/1", timeout=PATIENCE_SECONDS)


class TestSeveralWorkers:
    def test_all_workers_are_one_sum(self, tmp_path: Path) -> None:
        """Whichever worker answers, it tells what all of them have done, also those that have ended."""
        url = migrated(f"sqlite:///{tmp_path}/app.db")
        with served(url, "--workers", "2") as (_, port):
            ask(port, 20)
            wait_for(port, 20)
            assert {20} == {counted(port) for _ in range(4)}
            pids = {int(pid) for pid in PID.findall(metrics(port))}
            assert 2 == len(pids)
            os.kill(pids.pop(), signal.SIGKILL)
            ask(port, 5)
            wait_for(port, 25)
            assert {25} == {counted(port) for _ in range(4)}

    def test_the_files_go_with_the_server(self, tmp_path: Path) -> None:
        """What the workers add up is in a temporary folder, which is removed at the end."""
        url = migrated(f"sqlite:///{tmp_path}/app.db")
        folder = tmp_path / "temporary"
        folder.mkdir()
        with served(url, "--workers", "2", variables={"TMPDIR": str(folder)}) as (process, port):
            ask(port, 1)
            wait_for(port, 1)
            assert list(folder.glob("sessionscope-metrics-*/*.db"))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)
        assert [] == list(folder.glob("sessionscope-metrics-*"))


class TestOneWorker:
    def test_one_worker_needs_no_files(self, tmp_path: Path) -> None:
        """A single process counts in memory, and shows each request at once."""
        url = migrated(f"sqlite:///{tmp_path}/app.db")
        folder = tmp_path / "temporary"
        folder.mkdir()
        with served(url, variables={"TMPDIR": str(folder)}) as (_, port):
            ask(port, 3)
            assert 3 == counted(port)
        assert [] == list(folder.glob("sessionscope-metrics-*"))
