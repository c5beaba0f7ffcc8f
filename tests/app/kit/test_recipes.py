"""The `conftest.py` and the recipes of docs/testing.md work as they are written there."""

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "testing.md").read_text()
CODE = re.compile(r"```python\n(.+?)```", re.DOTALL)
TOML = re.compile(r"```toml\n(.+?)```", re.DOTALL)
BROKER = """
from config import Settings
from containers import ApplicationContainer as ServiceContainer
from dependency_injector import providers
from sessionscope import Shared
from sessionscope.testing.template import MEMORY

__all__ = ["MEMORY", "Settings"]


class Broker:
    async def __aenter__(self):
        raise RuntimeError("there is no broker")

    async def __aexit__(self, *_):
        pass


class FakeBroker(Broker):
    async def __aenter__(self):
        return self


class ApplicationContainer(ServiceContainer):
    broker = Shared[Broker](Broker)
"""
USES_BROKER = """

seen = []


@pytest.mark.parametrize("number", [1, 2])
async def test_broker_is_new(async_client, container, broker, number):
    assert container.broker() is broker
    assert broker not in seen
    seen.append(broker)
"""
USES_OPTIONS = """
def test_options(pytestconfig):
    assert pytestconfig.getini("isolation") == "database"
    assert pytestconfig.getini("database") == "postgresql+asyncpg"
"""
MARKERS = ('@pytest.mark.isolation("database")', "@pytest.mark.every_database")
USES_MARKERS = """
import pytest


{}
def test_mode(isolation, session):
    assert isolation == "database"


{}
def test_target(target, session):
    assert target.name == "sqlite"
"""
BACKEND = """

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
SETTINGS = """
[pytest]
anyio_mode = auto
filterwarnings = error
"""


def recipes() -> dict[str, str]:
    """Return the code of each recipe, by its heading."""
    section = DOCUMENT.split("## Five recipes")[1].split("\n## ")[0]
    return dict(re.findall(r"### (.+?)\n.*?```python\n(.+?)```", section, re.DOTALL))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Give a function that runs pytest over one test file, in a project with the service's migrations."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeconftest(CODE.findall(DOCUMENT)[0] + BACKEND)
    pytester.makefile(".ini", pytest=SETTINGS)
    (pytester.path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    (pytester.path / "alembic").symlink_to(ROOT / "alembic")

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=tests)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


class TestRecipes:
    def test_there_are_five(self) -> None:
        """Swap a service, a rolled-back test, an honest rollback, count queries, an async client."""
        assert len(recipes()) == 5

    @pytest.mark.parametrize(
        "extra", [(), ("-n", "2", "-p", "no:randomly"), ("-p", "randomly")], ids=["", "xdist", "random"]
    )
    def test_all_of_them_pass(self, run: Callable[..., pytest.RunResult], extra: tuple[str, ...]) -> None:
        """Copied recipes pass, in any order and on any number of workers."""
        result = run("\n\n".join(recipes().values()), *extra)
        result.assert_outcomes(passed=6)

    def test_broker_is_replaced_for_all_tests_and_new_in_each(
        self, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
    ) -> None:
        """The section on objects that are opened asynchronously has both fixtures."""
        section = DOCUMENT.split("## Objects that are opened asynchronously")[1].split("\n## ")[0]
        for_all, for_each = CODE.findall(section)
        pytester.path.joinpath("broker.py").write_text(BROKER)
        head = "from broker import ApplicationContainer, FakeBroker, MEMORY, Settings, Shared\nimport pytest\n\n"
        run(head + for_all + "\n\n" + for_each + USES_BROKER).assert_outcomes(passed=2)

    def test_markers_do_what_their_sections_say(self, run: Callable[..., pytest.RunResult]) -> None:
        """One isolates a test in another way, the other runs it on each database."""
        assert all(f"```python\n{marker}" in DOCUMENT for marker in MARKERS)
        isolation, everywhere = MARKERS
        run(USES_MARKERS.format(isolation, everywhere), "--database", "sqlite").assert_outcomes(passed=2)

    def test_options_of_pytest_are_known(self, run: Callable[..., pytest.RunResult]) -> None:
        """The lines for `[tool.pytest]` set the isolation mode and the database of tests without a marker."""
        options = [tomllib.loads(text)["tool"]["pytest"] for text in TOML.findall(DOCUMENT)]
        assert [{"isolation": "database"}, {"database": "postgresql+asyncpg"}] == options
        run(USES_OPTIONS, *("-o", "isolation=database", "-o", "database=postgresql+asyncpg")).assert_outcomes(passed=1)

    def test_unit_test_of_a_service_passes(self, run: Callable[..., pytest.RunResult]) -> None:
        """The section on services without a database has a complete test."""
        section = DOCUMENT.split("## Services without a database")[1]
        run(CODE.findall(section)[0]).assert_outcomes(passed=1)
