"""The `worker` command in processes of its own, with real signals, on a table of jobs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, NullPool, func, select, update
from sqlalchemy.orm import Session

from sessionscope.database.engine import build_engine
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.e2e.worker.service import NAME, Base, Effect, Job

pytestmark = [pytest.mark.isolation("none"), pytest.mark.every_database]

ROOT: Final = Path(__file__).resolve().parents[4]
PATIENCE_SECONDS: Final = 40
Process = subprocess.Popen[str]


@pytest.fixture(name="engine")
def _engine(empty_database_url: str) -> Iterator[Engine]:
    """Give an engine on a database with the tables."""
    engine = build_engine(DatabaseSettings(url=empty_database_url), poolclass=NullPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def add(engine: Engine, *works: str) -> list[int]:
    """Add open jobs, and return their ids."""
    with Session(engine) as session, session.begin():
        jobs = [Job(work=work, due_at=datetime.now(UTC)) for work in works]
        session.add_all(jobs)
        session.flush()
        return sorted(job.id for job in jobs)


def done(engine: Engine) -> list[int]:
    """Return the ids of the jobs that were done, each as often as it was done."""
    with engine.connect() as connection:
        return list(connection.scalars(select(Effect.job_id).order_by(Effect.job_id)))


def open_jobs(engine: Engine) -> dict[int, int]:
    """Return the number of attempts of each open job."""
    with engine.connect() as connection:
        return {job.id: job.attempts for job in connection.execute(select(Job.id, Job.attempts))}


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@contextmanager
def working(url: str, *arguments: str, **variables: str) -> Generator[Process, None, None]:
    """Start a worker, and yield its process when it works."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", NAME, "worker", *arguments],
        cwd=ROOT,
        env=os.environ | {"APP_DATABASE__URL": url} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Working on")
            yield process
        finally:
            process.kill()


def begun(process: Process, count: int) -> list[int]:
    """Wait until the worker has begun *count* more jobs, and return their ids."""
    assert process.stdout is not None
    return [int(process.stdout.readline().removeprefix("begins ")) for _ in range(count)]


def ended(process: Process, number: int | None = None) -> tuple[int, str]:
    """Send the worker a signal, if one is given; return its exit code and its log."""
    if number is not None:
        process.send_signal(number)
    log = process.communicate(timeout=PATIENCE_SECONDS)[1]
    return process.returncode, log


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
    def test_jobs_in_flight_finish_and_no_other_begins(
        self, engine: Engine, empty_database_url: str, number: int
    ) -> None:
        """Two run at a time, so the third one is left for another worker."""
        first, second, third = add(engine, "1", "1", "1")
        with working(empty_database_url, "--concurrency", "2") as process:
            assert {first, second} == set(begun(process, 2))
            code, log = ended(process, number)
        assert (0, [first, second], {third: 0}) == (code, done(engine), open_jobs(engine))
        assert "Traceback" not in log

    def test_idle_worker_ends_at_once(self, engine: Engine, empty_database_url: str) -> None:
        """It waits for nothing."""
        add(engine, "0")
        with working(empty_database_url) as process:
            # By then it has connected. asyncpg logs an error if it is cancelled while it connects.
            wait_for(lambda: done(engine))
            start = time.monotonic()
            code, log = ended(process, signal.SIGTERM)
        assert (0, "") == (code, log)
        assert time.monotonic() - start < 5

    def test_job_that_takes_too_long_is_cancelled(self, engine: Engine, empty_database_url: str) -> None:
        """The exit code and the log say so, and the job is open as before."""
        [slow] = add(engine, "30")
        with working(empty_database_url, APP_WORKER__SHUTDOWN_TIMEOUT="1") as process:
            begun(process, 1)
            code, log = ended(process, signal.SIGTERM)
        assert (1, [], {slow: 1}) == (code, done(engine), open_jobs(engine))
        assert "1 jobs did not finish in 1 s, and were cancelled" in log

    def test_second_interrupt_ends_at_once(self, engine: Engine, empty_database_url: str) -> None:
        """As Ctrl-C twice does with `serve`."""
        [slow] = add(engine, "30")
        with working(empty_database_url) as process:
            begun(process, 1)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            code, _ = ended(process, signal.SIGINT)
        assert (130, [], {slow: 1}) == (code, done(engine), open_jobs(engine))


class TestKill:
    def test_no_job_is_lost_or_done_twice(self, engine: Engine, empty_database_url: str) -> None:
        """Two workers share the jobs, one of them is killed in the middle, and a third one takes its place."""
        jobs = add(engine, *["0.05"] * 120)
        with (
            working(empty_database_url, "--concurrency", "5") as killed,
            working(empty_database_url, "--concurrency", "5") as other,
        ):
            begun(killed, 20)
            killed.kill()
            with working(empty_database_url, "--concurrency", "5") as third:
                wait_for(lambda: not open_jobs(engine))
                codes = [ended(process, signal.SIGTERM)[0] for process in (other, third)]
        assert ([0, 0], jobs) == (codes, done(engine))

    def test_job_that_another_worker_took_over_is_not_done_twice(self, engine: Engine, empty_database_url: str) -> None:
        """The job takes longer than its lease. The first worker finds that out, and its changes are undone."""
        [job] = add(engine, "1.5")
        with working(empty_database_url) as process:
            begun(process, 1)
            with engine.begin() as connection:
                connection.execute(update(Job).values(due_at=datetime.now(UTC)))
            assert [job] == begun(process, 1)
            wait_for(lambda: not open_jobs(engine))
            code, log = ended(process, signal.SIGTERM)
        assert (0, [job]) == (code, done(engine))
        assert f"job {job} failed" in log
        assert "another worker has taken the job over" in log


class TestJobs:
    def test_failed_job_is_logged_and_the_worker_goes_on(self, engine: Engine, empty_database_url: str) -> None:
        """The job is due again later."""
        bad, good = add(engine, "fail", "0")
        with working(empty_database_url, "--concurrency", "1") as process:
            wait_for(lambda: [good] == done(engine))
            code, log = ended(process, signal.SIGTERM)
        assert (0, {bad: 1}) == (code, open_jobs(engine))
        assert f"ERROR   sessionscope.worker: job {bad} failed\nTraceback" in log

    def test_each_job_has_a_scope_of_its_own(self, engine: Engine, empty_database_url: str) -> None:
        """Three jobs at a time, three scopes."""
        add(engine, "0.3", "0.3", "0.3")
        with working(empty_database_url, "--concurrency", "3") as process:
            wait_for(lambda: len(done(engine)) == 3)
            ended(process, signal.SIGTERM)
        with engine.connect() as connection:
            assert 3 == connection.scalar(select(func.count(Effect.scope.distinct())))


@pytest.mark.every_database(but=["postgresql", "mysql"])
class TestStart:
    @pytest.mark.parametrize(
        ("variables", "code", "line"),
        [
            ({"APP_WORKER__CONCURRENCY": "0"}, 2, "worker.concurrency"),
            ({"APP_DATABASE__URL": "sqlite:///:memory:"}, 1, "is private to each process"),
        ],
        ids=["setting", "memory"],
    )
    def test_mistake_is_one_line(self, tmp_path: Path, variables: dict[str, str], code: int, line: str) -> None:
        """As with the other commands."""
        environment = os.environ | {"APP_DATABASE__URL": f"sqlite:///{tmp_path}/x.db"} | variables
        command = [sys.executable, "-m", NAME, "worker"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        assert (code, 1, True) == (done.returncode, len(done.stderr.splitlines()), line in done.stderr)
