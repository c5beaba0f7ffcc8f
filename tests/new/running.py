"""Run the commands of a new service, and serve it."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import httpx2
from sqlalchemy import NullPool, create_engine, text

from sessionscope.testing.targets import Target

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS: Final = 600


@contextmanager
def new_database(target: Target, folder: Path, driver: str) -> Generator[str, None, None]:
    """Yield the URL of an empty database, in *folder* or on the target's server.

    Args:
        target: The database to test on: SQLite or PostgreSQL.
        folder: Where SQLite's file is.
        driver: The beginning of the URL, for PostgreSQL.
    """
    if target.url is None:
        yield f"sqlite:///{folder}/test.db"
        return
    server, name = target.url.set(drivername="postgresql+psycopg"), f"new_{secrets.token_hex(5)}"
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield target.url.set(drivername=driver, database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def make_service(path: Path) -> Path:
    """Make a service. Its environment has its own wheel of the library, and all else from this environment."""
    checked(sys.executable, "-m", "sessionscope", "new", str(path), cwd=ROOT)
    install(path)
    return path


def install(path: Path) -> None:
    """Make the environment of a service, from its own wheel of the library, and all else from this environment."""
    checked(sys.executable, "-m", "venv", "--without-pip", ".venv", cwd=path)
    [packages] = path.glob(".venv/lib/python*/site-packages")
    [wheel] = path.glob("vendor/*.whl")
    shutil.unpack_archive(wheel, packages, "zip")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    for tool in ("ruff", "uv"):
        (path / ".venv" / "bin" / tool).symlink_to(Path(sysconfig.get_path("scripts")) / tool)
    for stamp in ("venv", "run", "dev"):
        (path / ".venv" / f"{stamp}.stamp").touch()


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without what the tests and make put there."""
    ours = ("ARGS", "PYTEST", "PYTHONPATH", "MAKE", "MFLAGS", "COV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"NO_COLOR": "1"} | variables


def run(*command: str, cwd: Path, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *command* as a user would.

    Args:
        command: The program and its arguments.
        cwd: The folder to run it in.
        given: What the program reads from its standard input.
        variables: Further variables of the environment.
    """
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=cwd,
        env=environment(**variables),
        input=given,
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
    """Run `make run` over the database at *url*, on a free port; yield a client."""
    with serving("make", "run", "ARGS=--port 0", cwd=service, APP_DATABASE__URL=url) as client:
        yield client


@contextmanager
def serving(*command: str, cwd: Path, **variables: str) -> Generator[httpx2.Client, None, None]:
    """Run *command*, which serves and says where; yield a client. It has to stop when it is asked to."""
    with (
        TemporaryFile() as output,
        subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=cwd,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            with httpx2.Client(base_url=_address(process, output), timeout=PATIENCE_SECONDS) as client:
                yield client
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


def _address(process: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    while True:
        has_ended = process.poll() is not None
        # The process writes where the file's offset is, which this doesn't move.
        printed = os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", printed)
        if found is not None:
            return found[0]
        assert not has_ended, printed
        time.sleep(0.05)


def titles(client: httpx2.Client) -> Sequence[Any]:
    """Return the titles of all notes."""
    return [note["title"] for note in client.get("/notes/?sort=title").json()["items"]]
