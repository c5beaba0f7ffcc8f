"""Run the commands of a new service, and serve it."""

import os
import re
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS: Final = 600


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without what the tests and make put there."""
    ours = ("PYTEST", "PYTHONPATH", "MAKE", "MFLAGS", "COV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"NO_COLOR": "1"} | variables


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *command* as a user would."""
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def checked(*command: str, cwd: Path, **variables: str) -> str:
    """Run *command*, which must succeed; return its output."""
    done = run(*command, cwd=cwd, **variables)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(service: Path, url: str) -> Generator[httpx2.Client, None, None]:
    """Run `make run` on a free port, and yield a client. At the end, the server has to stop when it is asked to."""
    with subprocess.Popen(
        ("make", "run", "ARGS=--port 0"),  # noqa: S607 - make is needed for the tests anyway
        cwd=service,
        env=environment(APP_DATABASE__URL=url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        addresses = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stdout)
        address = next(filter(None, addresses), None)
        assert address is not None, process.communicate()[1]
        try:
            with httpx2.Client(base_url=address[0], timeout=PATIENCE_SECONDS) as client:
                yield client
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def titles(client: httpx2.Client) -> Sequence[Any]:
    """Return the titles of all notes."""
    return [note["title"] for note in client.get("/notes/?sort=title").json()["items"]]
