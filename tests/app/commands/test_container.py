"""The service runs as its Containerfile runs it: with the health check, and with a root that is read-only."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.app.commands.commands import ROOT, environment
from tests.app.commands.serving import USER, ended, migrated, port_of, post, served, status

pytestmark = pytest.mark.isolation("none")

# In a mount namespace of its own: only the folder $1 can be written to, and shared memory.
READ_ONLY: Final = """
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro /
mount --bind "$PWD" "$PWD"
mount -o remount,bind,ro "$PWD"
cd "$PWD"
shift
exec "$@"
"""


def health_check(port: int) -> list[str]:
    """Return the command of the health check, for a service on *port*."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", "")
    [line] = [line for line in text.splitlines() if line.startswith("HEALTHCHECK ")]
    command: list[str] = json.loads(line.partition(" CMD ")[2])
    return [argument.replace("8000", str(port)) for argument in command]


def checked(port: int, **variables: str) -> int:
    """Run the health check; return its exit code."""
    command = health_check(port)
    return subprocess.run(command, env=os.environ | variables, capture_output=True, timeout=30, check=False).returncode  # noqa: S603


class TestHealthCheck:
    def test_served_application_is_healthy_until_it_ends(self, url: str) -> None:
        """The command exits with 0, with a proxy in the environment too. After the end, it doesn't."""
        with served(migrated(url)) as (process, port):
            assert [0, 0] == [checked(port), checked(port, http_proxy="http://127.0.0.1:9")]
            ended(process)
            assert 0 != checked(port)

    def test_application_without_its_database_is_healthy(self, url: str) -> None:
        """A restart would not bring the database back."""
        with served(migrated(url)) as (_, port):
            Path(url.removeprefix("sqlite:///")).unlink()
            assert 503 == httpx2.get(f"http://127.0.0.1:{port}/health/ready").status_code
            assert 0 == checked(port)


@pytest.fixture(name="read_only")
def _read_only(tmp_path: Path) -> Callable[..., list[str]]:
    """Give a function that returns a command that can write to the test's folder only; that takes root."""

    def command(*arguments: str) -> list[str]:
        return ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(tmp_path), *arguments]

    probe = subprocess.run(command("true"), cwd=ROOT, capture_output=True, check=False) if os.geteuid() == 0 else None  # noqa: S603
    if probe is None or probe.returncode != 0:
        pytest.skip("the root can't be made read-only here: that takes root and unshare")
    return command


class TestReadOnlyRoot:
    def test_service_needs_only_its_temporary_folder(
        self, url: str, tmp_path: Path, read_only: Callable[..., list[str]]
    ) -> None:
        """Two workers serve, add up their metrics, show their pools, and end; so the image needs a tmpfs at most."""
        refused = subprocess.run(read_only("touch", "written"), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        assert "Read-only file system" in refused.stderr
        python, variables = sys.executable, environment(migrated(url), TMPDIR=str(tmp_path))
        with subprocess.Popen(  # noqa: S603 - our own command
            read_only(python, "-m", "app", "serve", "--port", "0", "--workers", "2"),
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            port = port_of(process)
            assert [200, 200] == [status(port, path) for path in ("/health/ready", "/metrics")]
            assert 201 == post(port, "/users/", USER)
            shown = subprocess.run(  # noqa: S603
                [python, "-m", "app", "db", "pool"], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
            )
            assert 2 == shown.stdout.count("Process ")
            log = ended(process)
        assert (0, False) == (process.returncode, "Traceback" in log)
