"""Workers share the run's servers, the servers end with the run, and errors name missing ones."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from sessionscope.testing.servers import process
from sessionscope.testing.servers.shared import Run, stop_leftovers

pytestmark = pytest.mark.isolation("none")

ROOT = Path(__file__).parents[4]

SHARED = """
import pytest

@pytest.mark.parametrize("each", range(4))
def test_it(postgresql, each):
    with open("servers", "a") as file:
        file.write(f"{postgresql.pid}\\n")
"""
DIES = """
import os, signal

def test_dies(own_postgresql, postgresql):
    with own_postgresql() as server, open("own", "w") as file:
        file.write(str(server.pid))
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""
ALL = """
def test_postgresql(postgresql): pass
def test_mysql(mariadb): pass
def test_pair(postgresql_pair):
    with postgresql_pair(): pass
def test_galera(galera):
    with galera(): pass
def test_pgbouncer(pgbouncer):
    with pgbouncer(None): pass
"""
NOT_INSTALLED = "import shutil\nshutil.which = lambda *_, **__: None"
KILLED = """
import os, signal
from sessionscope.testing.servers import PostgreSQL
from sessionscope.testing.servers.shared import Run

server = Run().shared(PostgreSQL)
print(server.directory, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Generator[Path, None, None]:
    """Give a folder for temporary files that is nobody else's, but open to the servers' users."""
    directory = Path(tempfile.mkdtemp(prefix="app-test-runs-")).resolve()
    directory.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    yield directory
    process.stop_all(directory)
    shutil.rmtree(directory)


@pytest.fixture
def run(pytester: pytest.Pytester, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Give a function that runs pytest over one test file, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    for name in ("APP_TEST_REQUIRE", "APP_TEST_POSTGRESQL_URL", "APP_TEST_MYSQL_URL"):
        monkeypatch.delenv(name, raising=False)
    basetemp = f"--basetemp={temporary / 'pytest'}"

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=tests)
        plugins = ("-p", "no:cacheprovider", "-p", "sessionscope.testing.servers.plugin")
        return pytester.runpytest_subprocess(*plugins, "-rsfE", basetemp, *arguments)

    return run


def servers_in(directory: Path) -> list[Path]:
    """Return the directories that runs have made in *directory*."""
    return list(directory.glob("app-test-servers-*"))


def test_a_process_stops_its_server(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, temporary: Path
) -> None:
    """All tests of a run use the same server. After the run, the server and its files are gone."""
    run(SHARED).assert_outcomes(passed=4)
    pids = (pytester.path / "servers").read_text().split()
    assert len(pids) == 4
    assert len(set(pids)) == 1
    assert process.started(int(pids[0])) is None
    assert servers_in(temporary) == []


def test_workers_share_a_server_that_outlives_them(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, temporary: Path
) -> None:
    """All workers meet the same server; one that dies leaves neither that nor its own running after the run."""
    run(SHARED + DIES, "-n", "2").assert_outcomes(passed=4, failed=1)
    assert len(set((pytester.path / "servers").read_text().split())) == 1
    pids = (pytester.path / "own").read_text().split() + (pytester.path / "servers").read_text().split()
    assert [process.started(int(pid)) for pid in set(pids)] == [None, None]
    assert servers_in(temporary) == []


def test_nothing_starts_unasked(run: Callable[..., pytest.RunResult]) -> None:
    """A run whose tests need no server creates no directory."""
    tests = """
    import pathlib, tempfile
    def test_it(): assert not list(pathlib.Path(tempfile.gettempdir()).glob("app-test-servers-*"))
    """
    run(tests).assert_outcomes(passed=1)


def test_a_url_takes_the_place_of_the_shared_server(
    run: Callable[..., pytest.RunResult], monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """If the environment names servers, those are used, and none is started."""
    monkeypatch.setenv("APP_TEST_POSTGRESQL_URL", "postgresql://me@there/mine")
    monkeypatch.setenv("APP_TEST_MYSQL_URL", "mysql://me@there/mine")
    tests = """
    def test_it(postgresql, mariadb):
        assert str(postgresql.url("other", driver="psycopg")) == "postgresql+psycopg://me@there/other"
        assert str(mariadb.url()) == "mysql://me@there/mine"
    """
    run(tests).assert_outcomes(passed=1)
    assert servers_in(temporary) == []


def test_a_missing_server_skips_and_names_the_package(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """If a program is missing, the test is skipped, and the reason names the Debian package."""
    pytester.makeconftest(NOT_INSTALLED)
    result = run(ALL)
    result.assert_outcomes(skipped=5)
    for package in ("postgresql", "mariadb-server", "pgbouncer"):
        result.stdout.fnmatch_lines([f"SKIPPED*is missing: install the Debian package {package}"])


def test_a_missing_server_that_is_required_fails(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If ``APP_TEST_REQUIRE`` names the server, the test fails instead of being skipped."""
    pytester.makeconftest(NOT_INSTALLED)
    monkeypatch.setenv("APP_TEST_REQUIRE", "mysql, galera")
    result = run(ALL)
    result.assert_outcomes(errors=1, failed=1, skipped=3)
    result.stdout.fnmatch_lines(["*install the Debian package mariadb-server (APP_TEST_REQUIRE names mysql)"])
    result.stdout.fnmatch_lines(["*install the Debian package * (APP_TEST_REQUIRE names galera)"])


def test_what_a_killed_run_left_is_stopped_by_the_next(temporary: Path) -> None:
    """The next run stops the servers of a killed run, and leaves those of a live run alone."""
    alive = Run()
    alive.directory.mkdir()
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - ours
    assert killed.returncode == -signal.SIGKILL
    left = Path(killed.stdout.strip())
    assert process.running(left) is not None
    pid = process.running(left)
    stop_leftovers()
    assert pid is not None
    assert process.started(pid) is None
    assert servers_in(temporary) == [alive.directory]


def test_a_server_by_hand_ends_with_its_command(temporary: Path) -> None:
    """The command prints the URLs and, when it is told to end, takes the server with it."""
    command = [sys.executable, "-m", "sessionscope.testing.servers", "postgresql", str(temporary / "hand")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as by_hand:  # noqa: S603 - ours
        assert by_hand.stdout is not None
        assert by_hand.stdout.readline().startswith("postgresql://app:app@127.0.0.1:")
        pid = process.running(temporary / "hand")
        by_hand.terminate()
    assert by_hand.returncode == 0
    assert pid is not None
    assert process.started(pid) is None
