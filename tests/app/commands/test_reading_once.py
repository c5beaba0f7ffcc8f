"""A command reads the settings once per process, and uses those that it checked."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.commands.commands import ROOT
from tests.app.commands.serving import PATIENCE_SECONDS, port_of, status

# This runs first in every process, workers included.
COUNTING = """
import os, sys

def note(event, arguments):
    if event == "open" and arguments[0] == os.environ["READ_FILE"]:
        with open(os.environ["READ_FILE"] + ".readers", "a") as readers:
            readers.write(f"{os.getpid()}\\n")

sys.addaudithook(note)
"""


@pytest.fixture(name="file")
def _file(tmp_path: Path, url: str) -> Path:
    """Give a configuration file that names a database and no worker."""
    (tmp_path / "sitecustomize.py").write_text(COUNTING)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"database": {"url": url}, "server": {"port": 0}}))
    return file


def environment(file: Path) -> dict[str, str]:
    """Return an environment that records which processes read *file*, the settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    return others | {"APP_CONFIG_FILE": str(file), "READ_FILE": str(file), "PYTHONPATH": str(file.parent)}


def readings(file: Path) -> list[int]:
    """Return how often each process has read *file*."""
    return sorted(Counter(Path(f"{file}.readers").read_text().split()).values())


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with the settings in *file*."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environment(file),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextmanager
def served(file: Path, *arguments: str) -> Generator[int, None, None]:
    """Serve with the settings in *file*; give the port."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "app", "serve", *arguments],
        cwd=ROOT,
        env=environment(file),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield port_of(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)


class TestServe:
    def test_one_process_reads_once(self, file: Path) -> None:
        """The application uses the settings that were checked, even if the file changes."""
        assert 0 == run(file, "db", "upgrade").returncode
        Path(f"{file}.readers").unlink()
        with served(file) as port:
            file.write_text("broken")
            assert [200, 200] == [status(port, "/health/ready"), status(port, "/users/")]
        assert [1] == readings(file)

    @pytest.mark.parametrize("arguments", [["--workers", "2"], ["--reload"]], ids=["workers", "reload"])
    def test_each_of_several_processes_reads_once(self, file: Path, arguments: list[str]) -> None:
        """Processes can't share an object, so each reads the settings and checks them."""
        assert 0 == run(file, "db", "upgrade").returncode
        Path(f"{file}.readers").unlink()
        with served(file, *arguments) as port:
            # The process that responds has read the file by then.
            assert 200 == status(port, "/users/")
            file.write_text("broken")
            assert 200 == status(port, "/users/")
        assert {1} == set(readings(file))


class TestDatabase:
    @pytest.mark.parametrize("arguments", ["upgrade", "current", "init", "seed --users 1 --posts 1"])
    def test_a_command_reads_once(self, file: Path, arguments: str) -> None:
        """The command uses the same settings that it checked."""
        if arguments.startswith(("current", "seed")):
            # They create no database.
            assert 0 == run(file, "db", "upgrade").returncode
            Path(f"{file}.readers").unlink()
        assert 0 == run(file, "db", *arguments.split()).returncode
        assert [1] == readings(file)

    def test_a_failure_reads_no_more(self, file: Path) -> None:
        """The error shows the URL that was used."""
        file.write_text(json.dumps({"database": {"url": "sqlite:////nowhere/x.db"}}))
        command = run(file, "db", "init")
        assert (1, True) == (command.returncode, "sqlite:////nowhere/x.db can't do that" in command.stderr)
        assert [1] == readings(file)
