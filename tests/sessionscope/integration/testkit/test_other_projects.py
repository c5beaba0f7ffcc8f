"""A project that has the library installed, and does not use its kit."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
CONFTEST = 'pytest_plugins = ["sessionscope.testing.plugin"]'


@pytest.fixture(autouse=True)
def _project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeconftest(CONFTEST)


class TestOtherProjects:
    def test_tests_of_other_projects_are_left_alone(self, pytester: pytest.Pytester) -> None:
        """A project whose tests don't use the kit needs no setup for it."""
        pytester.makepyfile("def test_addition():\n    assert 1 + 1 == 2\n")
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.assert_outcomes(passed=1)

    def test_use_of_the_kit_says_what_is_missing(self, pytester: pytest.Pytester) -> None:
        """A test that asks for the container is told which fixture to define."""
        pytester.makepyfile("def test_container(container):\n    pass\n")
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.assert_outcomes(errors=1)
        assert "define the fixture `make_container` in conftest.py" in result.stdout.str()
