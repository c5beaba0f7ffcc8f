"""Runs tests on every database, and prints a summary of the results for each.

``@pytest.mark.every_database`` runs a test on each target, and ``--database postgresql`` selects some of them.
``@pytest.mark.every_database(but=["sqlite"])`` excludes targets on which there is nothing to test.
All other tests run on the database that ``APP_TEST_DATABASE`` or the ini option ``database`` names. Give the name of
a target, or the URL of a database on a running server.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from sessionscope.testing.targets import NAMES, NOWHERE, SERVERS, SQLITE, Target, drivers_of, matching, target_of

_PROPERTY: Final = "database"
_OUTCOMES: Final = ("passed", "failed", "error", "skipped")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.addini("database", "the database for tests without a marker: a name or a URL", default=SQLITE)
    parser.addoption(
        "--database",
        action="append",
        default=[],
        metavar="NAME",
        help="run every_database tests on this database only; repeat the option, or give a prefix such as postgresql",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse unknown names before anything runs."""
    config.addinivalue_line(
        "markers", "every_database(but=[]): run on every database not in but, with each driver; see docs/testing.md"
    )
    try:
        _wanted(config)
    except LookupError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once on each database."""
    marker = metafunc.definition.get_closest_marker("every_database")
    if marker is None or "target" not in metafunc.fixturenames:
        return
    try:
        excluded = _excluded(*marker.args, **marker.kwargs)
    except (LookupError, TypeError) as error:
        pytest.fail(f"{metafunc.definition.nodeid}: every_database: {error}", pytrace=False)
    names = [name for name in _wanted(metafunc.config) if name not in excluded]
    metafunc.parametrize("target", names or [NOWHERE], indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests by database, because the engines of one database are closed when the next one begins."""
    nowhere = [item for item in items if target_of(item) == NOWHERE]
    if nowhere:
        config.hook.pytest_deselected(items=nowhere)
        items[:] = [item for item in items if target_of(item) != NOWHERE]
    items.sort(key=lambda item: NAMES.index(target_of(item) or SQLITE))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record the test's database for the summary and for reports."""
    if "target" in getattr(item, "fixturenames", ()):
        item.user_properties.append((_PROPERTY, target_of(item) or _default(item.config)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many tests ran on each database."""
    counts = count(terminalreporter.stats)
    if len(counts) > 1 or (counts and SQLITE not in counts):
        terminalreporter.section("databases")
        for line in table(counts):
            terminalreporter.write_line(line)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """Return the database that the test runs on."""
    name = getattr(request, "param", None) or _default(request.config)
    if name == SQLITE:
        return Target()
    if "://" in name:
        url = make_url(name)
        return Target(url.drivername, url)
    backend, _, driver = name.partition("+")
    server: Any = request.getfixturevalue(SERVERS[backend])
    return Target(name, server.url(driver=driver))


def count(stats: dict[str, list[Any]]) -> dict[str, Counter[str]]:
    """Count the outcomes of tests by database, including tests that other processes ran."""
    counts: dict[str, Counter[str]] = {}
    for outcome in _OUTCOMES:
        for report in stats.get(outcome, []):
            for name, database in getattr(report, "user_properties", ()):
                if name == _PROPERTY:
                    counts.setdefault(database.partition("://")[0], Counter())[outcome] += 1
    return counts


def table(counts: dict[str, Counter[str]]) -> Iterable[str]:
    """Return the lines of the summary."""
    yield f"{'database':<21}{'drivers':<21}" + "".join(f"{outcome:>9}" for outcome in _OUTCOMES)
    for name in sorted(counts, key=lambda name: (name not in NAMES, NAMES.index(name) if name in NAMES else 0)):
        yield f"{name:<21}{drivers_of(name):<21}" + "".join(f"{counts[name][outcome]:>9}" for outcome in _OUTCOMES)


def _wanted(config: pytest.Config) -> list[str]:
    prefixes: Any = config.getoption("database")
    return matching(prefixes)


def _excluded(*, but: Sequence[str] = ()) -> list[str]:
    return matching(but) if but else []


def _default(config: pytest.Config) -> str:
    written = os.environ.get("APP_TEST_DATABASE") or str(config.getini("database"))
    return written if "://" in written else matching([written])[0]
