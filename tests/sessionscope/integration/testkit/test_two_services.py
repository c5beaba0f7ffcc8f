"""Two services are tested in one run, each by the conftest.py of its folder."""

from collections.abc import Callable

import pytest

OTHER = """
import pytest
from dependency_injector import providers

from sessionscope.testing.template import MEMORY
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings


class Container(ApplicationContainer):
    name = providers.Object("other")


@pytest.fixture(scope="session")
def make_container():
    return lambda: Container(settings=Settings(database=MEMORY))
"""
TEST = """
import pytest

EMAIL = {{"email": "ann@example.com", "username": "ann"}}


@pytest.mark.parametrize("mode", [
    pytest.param("transaction", marks=pytest.mark.isolation("transaction")),
    pytest.param("database", marks=pytest.mark.isolation("database")),
])
def test_service(container, client, app, mode):
    assert app.state.container is container
    assert hasattr(container, "name") is {is_other}
    assert client.post("/users/", json=EMAIL).status_code == 201


def test_without_an_application(container):
    assert hasattr(container, "name") is {is_other}
"""


class TestTwoServices:
    @pytest.mark.parametrize("extra", [("-p", "no:randomly"), ("-p", "randomly")], ids=["in turn", "random"])
    def test_each_test_has_its_own_service(
        self, pytester: pytest.Pytester, run: Callable[..., pytest.RunResult], extra: tuple[str, ...]
    ) -> None:
        """The tests of one process get the container and the application of their folder, in any order."""
        for folder in ("one", "two", "other"):
            pytester.mkdir(folder)
            is_other = folder == "other"
            (pytester.path / folder / f"test_{folder}.py").write_text(TEST.format(is_other=is_other))
        (pytester.path / "other" / "conftest.py").write_text(OTHER)
        run("", "one", "other", "two", *extra).assert_outcomes(passed=9)
