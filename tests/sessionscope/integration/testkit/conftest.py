"""Running pytest inside a test, with the kit loaded as another service would load it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]

CONFTEST = """
from pathlib import Path

import pytest

from tests.sessionscope import service
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.settings import Settings
from tests.sessionscope.service.containers import ApplicationContainer
from sessionscope.testing.template import MEMORY

pytest_plugins = ["sessionscope.testing.plugin"]


@pytest.fixture(scope="session")
def make_container():
    return lambda: ApplicationContainer(settings=Settings(database=MEMORY))


@pytest.fixture(scope="session")
def make_app():
    return create_app


@pytest.fixture(scope="session")
def alembic_project():
    return Path(service.__path__[0])


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
SETTINGS = """
[pytest]
anyio_mode = auto
filterwarnings = error
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Give a function that runs pytest over one test file, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeconftest(CONFTEST)
    pytester.makefile(".ini", pytest=SETTINGS)

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=tests)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run
