"""A test that leaves something open fails, and the message names the leak."""

from collections.abc import Callable

import pytest

PLANTED = """
import pytest
from sqlalchemy import create_engine, select

from sessionscope import scope

kept = []


def test_override(container):
    container.users.override(object())


def test_nested_override(container):
    container.database.session_factory.override(object())


def test_session(container):
    kept.append(container.database.session_factory()())
    kept[-1].execute(select(1))


async def test_async_session(container):
    kept.append(container.database.async_session_factory()())
    await kept[-1].execute(select(1))


@pytest.mark.isolation("database")
def test_connection(container):
    kept.append(container.database.engine().connect())


def test_engine(tmp_path):
    kept.append(create_engine(f"sqlite:///{tmp_path}/mine.db"))
    kept[-1].connect().close()


def test_scope():
    kept.append(scope())
    kept[-1].__enter__()


def test_nothing(container, session):
    session.execute(select(1))
    with scope():
        container.users()
    assert container.users.overridden == ()
"""

NAMED = {
    "test_override": "users is still overridden",
    "test_nested_override": "database.session_factory is still overridden",
    "test_session": "a session is still in the transaction that it began at test_it.py:19 in test_session",
    "test_async_session": "a session is still in the transaction that it began at test_it.py:24 in test_async_session",
    "test_connection": "a connection is still checked out of its pool, since test_it.py:29 in test_connection",
    "test_engine": "mine.db, first used at test_it.py:34 in test_engine, was not disposed of",
    "test_scope": "a scope was entered and not left",
}


class TestLeaks:
    def test_each_kind_is_caught_and_named(self, run: Callable[..., pytest.RunResult]) -> None:
        """Seven tests leak, seven fail with a message that names the leak; the eighth, after them, is clean."""
        result = run(PLANTED, "-p", "no:randomly")
        result.assert_outcomes(passed=8, errors=7)
        for name, message in NAMED.items():
            result.stdout.fnmatch_lines([f"*ERROR at teardown of {name} *", f"*{message}*"])

    def test_a_test_about_a_leak_may_leak(self, run: Callable[..., pytest.RunResult]) -> None:
        """A marked test does not fail, and what it leaves does not reach the next one."""
        result = run(
            """
import pytest
from sessionscope import current_scope, scope, ScopeError


@pytest.mark.leaky
def test_leaky():
    scope().__enter__()


def test_next():
    with pytest.raises(ScopeError):
        current_scope()
""",
            "-p",
            "no:randomly",
        )
        result.assert_outcomes(passed=2)


class TestLateOverrides:
    def test_an_override_that_can_not_matter_is_refused(self, run: Callable[..., pytest.RunResult]) -> None:
        """In transaction mode the database's sources are replaced already; elsewhere what is built stays built."""
        run(
            """
import pytest

from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings
from sessionscope import LateOverrideError

OTHER = Settings(database=DatabaseSettings(url="sqlite:///other.db"))


@pytest.mark.parametrize("mode", [
    pytest.param("transaction", marks=pytest.mark.isolation("transaction")),
    pytest.param("database", marks=pytest.mark.isolation("database")),
])
@pytest.mark.parametrize("name", ["database.engine", "database.location", "settings", "database.settings"])
def test_the_database_is_in_place(override, container, name, mode):
    before = container.settings()
    with pytest.raises(ValueError, match="has no effect.*isolation"):
        override(name, OTHER.database if name == "database.settings" else OTHER)
    assert container.settings() is before


@pytest.mark.isolation("none")
def test_something_is_built(override, container):
    container.database.engine()
    with pytest.raises(LateOverrideError, match="database.engine was already built"):
        override("database.location", object())


@pytest.mark.isolation("none")
def test_none(override, container):
    override("settings", OTHER)
    assert container.database.engine().url.database == "other.db"


def test_other_settings(override, container):
    other = container.settings().model_copy(update={"server": None})
    override("settings", other)
    assert container.settings() is other


def test_unknown(override):
    with pytest.raises(LookupError, match="did you mean 'users'"):
        override("user", object())


def test_by_object(override, container):
    override(container.users, "fake")
    assert container.users() == "fake"


def test_by_class(override, container):
    class FakeUsers:
        async def page(self, query):
            return []

    fake = override(ApplicationContainer.users, FakeUsers(), partial=True)
    assert container.users() is fake
    with pytest.raises(TypeError, match="FakeUsers can't replace users, which makes UserService:\\n- it lacks"):
        override(ApplicationContainer.users, FakeUsers())
"""
        ).assert_outcomes(passed=14)


class TestModes:
    def test_an_unknown_mode_is_refused_before_anything_runs(self, run: Callable[..., pytest.RunResult]) -> None:
        """A misspelt mode is an error, and does not run the test without isolation."""
        result = run("import pytest\n@pytest.mark.isolation('databse')\ndef test_it(): pass")
        assert result.ret != 0
        result.stderr.fnmatch_lines(["*isolation mode 'databse' is not one of transaction, database, none*"])

    def test_the_ini_option_is_the_default(self, run: Callable[..., pytest.RunResult]) -> None:
        """A test without a marker has the mode of the ini option."""
        run("def test_it(isolation): assert isolation == 'database'", "-o", "isolation=database").assert_outcomes(
            passed=1
        )
