"""Commands of the tests' own service, run in the test's process."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sessionscope.cli import CommandLine, build_cli
from sessionscope.observe.doctor import examining
from sessionscope.observe.inspection import sockets
from tests.sessionscope.integration.observe.places import migrated_on

SERVICE = "tests.sessionscope.service"
Invoke = Callable[..., Result]


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the sockets of this test's processes apart from those of others."""
    folder = tmp_path_factory.mktemp("run")
    monkeypatch.setattr(sockets, "gettempdir", lambda: str(folder))
    return folder / f"sessionscope-{os.getuid()}"


def command_line(project: Path, container: str, create_app: str) -> CommandLine:
    """Return the command line of the service, with another container or application."""
    return build_cli(
        help="Do things.",
        settings=f"{SERVICE}.settings:Settings",
        container=container,
        create_app=create_app,
        app="nowhere:app",
        project=project,
    )


@pytest.fixture(name="invoke")
def _invoke(alembic_project: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Give ``invoke(url, *arguments, **variables)``, which runs a command on the database at a URL."""
    cli = command_line(alembic_project, f"{SERVICE}.containers:ApplicationContainer", f"{SERVICE}.app:create_app")
    return invoker(cli, monkeypatch)


def invoker(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Return a function that runs a command of *cli*."""
    monkeypatch.setenv("COLUMNS", "200")
    # `add_check` is for the whole process.
    monkeypatch.setattr(examining, "_added", {})

    def invoke(url: str, *arguments: str, **variables: str) -> Result:
        with monkeypatch.context() as patch:
            patch.setenv("APP_DATABASE__URL", url)
            for name, value in variables.items():
                patch.setenv(f"APP_{name}", value)
            return CliRunner().invoke(cli, arguments)

    return invoke


@dataclass(frozen=True)
class Told:
    """What the doctor printed as JSON.

    Attributes:
        exit_code: The exit code.
        findings: The findings by their codes; the last one if several have the same code.
        text: All of the output.
    """

    exit_code: int
    findings: dict[str, dict[str, Any]]
    text: str

    def status(self, code: str) -> str:
        """Return the status of the finding *code*."""
        return str(self.findings[code]["status"])

    def failures(self) -> set[str]:
        """Return the codes of all failures."""
        return {code for code, finding in self.findings.items() if finding["status"] == "failure"}


Doctor = Callable[..., Told]


@pytest.fixture(name="doctor")
def _doctor(invoke: Invoke) -> Doctor:
    """Give ``doctor(url, **variables)``, which runs the doctor on the database at a URL."""
    return examiner(invoke)


# Makes a doctor for another container and another application.
CommandOf = Callable[[str, str], Doctor]


@pytest.fixture(name="command_of")
def _command_of(alembic_project: Path, monkeypatch: pytest.MonkeyPatch) -> CommandOf:
    """Give a function that makes a doctor for another container and another application."""
    return lambda container, app: examiner(invoker(command_line(alembic_project, container, app), monkeypatch))


@pytest.fixture(name="faulty_doctor")
def _faulty_doctor(command_of: CommandOf) -> Doctor:
    """Give a doctor for a service whose container and application have faults."""
    here = "tests.sessionscope.integration.observe.faulty"
    return command_of(f"{here}:FaultyContainer", f"{here}:create_app")


def examiner(invoke: Invoke) -> Doctor:
    """Return a function that runs the doctor by *invoke*."""

    def doctor(url: str, **variables: str) -> Told:
        result = invoke(url, "doctor", "--json", **variables)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        found = json.loads(result.stdout)
        assert {"summary", "findings", "settings"} == set(found)
        return Told(result.exit_code, {each["code"]: each for each in found["findings"]}, result.output)

    return doctor


@pytest.fixture(name="database_url_of_postgresql")
def _database_url_of_postgresql(postgresql: Any, alembic_project: Path) -> Iterator[str]:
    """Give the URL of a migrated database on PostgreSQL, for this test alone."""
    with migrated_on(postgresql.url(), alembic_project) as url:
        yield url


@pytest.fixture(name="database_url_of_mariadb")
def _database_url_of_mariadb(mariadb: Any, alembic_project: Path) -> Iterator[str]:
    """Give the URL of a migrated database on MariaDB, for this test alone."""
    with migrated_on(mariadb.url(), alembic_project) as url:
        yield url
