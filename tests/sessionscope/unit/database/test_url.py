"""One URL stands for a pair of drivers, and the rest of the URL is kept."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.engine.interfaces import Dialect

from sessionscope.database.errors import MissingDriverError
from sessionscope.database.url import DRIVERS, translate_driver
from sessionscope.settings import DatabaseSettings
from sessionscope.settings.url import KNOWN_DRIVERS

OPTIONAL = ("psycopg", "psycopg2", "asyncpg", "pymysql", "aiomysql", "asyncmy")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every driver be found, installed or not; none is imported."""
    for name in OPTIONAL:
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no optional driver be found."""
    for name in OPTIONAL:
        monkeypatch.setitem(sys.modules, name, None)


def translated(text: str, *, is_async: bool) -> URL:
    """Return the URL of the engine, as settings would give it."""
    return translate_driver(DatabaseSettings(url=text).url.get_secret_value(), is_async=is_async)


@pytest.mark.usefixtures("installed")
class TestDrivers:
    @pytest.mark.parametrize(
        ("written", "sync", "asynchronous"),
        [
            ("sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"),
            ("sqlite+pysqlite", "sqlite+pysqlite", "sqlite+aiosqlite"),
            ("sqlite+aiosqlite", "sqlite+pysqlite", "sqlite+aiosqlite"),
            ("postgres", "postgresql+psycopg", "postgresql+asyncpg"),
            ("postgresql", "postgresql+psycopg", "postgresql+asyncpg"),
            ("postgresql+psycopg", "postgresql+psycopg", "postgresql+psycopg"),
            ("postgresql+psycopg2", "postgresql+psycopg2", "postgresql+asyncpg"),
            ("postgresql+asyncpg", "postgresql+psycopg", "postgresql+asyncpg"),
            ("mysql", "mysql+pymysql", "mysql+aiomysql"),
            ("mysql+pymysql", "mysql+pymysql", "mysql+aiomysql"),
            ("mysql+aiomysql", "mysql+pymysql", "mysql+aiomysql"),
            ("mysql+asyncmy", "mysql+pymysql", "mysql+asyncmy"),
            ("mariadb", "mariadb+pymysql", "mariadb+aiomysql"),
            ("mariadb+pymysql", "mariadb+pymysql", "mariadb+aiomysql"),
            ("mariadb+aiomysql", "mariadb+pymysql", "mariadb+aiomysql"),
            ("mariadb+asyncmy", "mariadb+pymysql", "mariadb+asyncmy"),
        ],
    )
    def test_each_written_form_names_a_pair(self, written: str, sync: str, asynchronous: str) -> None:
        """The sync and the async engine get a driver of their kind, which SQLAlchemy knows."""
        names = [translated(f"{written}://host/name", is_async=is_async).drivername for is_async in (False, True)]
        assert [sync, asynchronous] == names
        dialects: list[type[Dialect]] = [make_url(f"{name}://host/name").get_dialect() for name in names]
        assert [False, True] == [dialect.is_async for dialect in dialects] or "postgresql+psycopg" == written

    def test_the_settings_know_the_same_forms(self) -> None:
        """A URL that the settings let through has its pair, and the other way round."""
        known = {
            f"{backend}+{driver}" if driver else backend
            for backend, drivers in KNOWN_DRIVERS.items()
            for driver in drivers
        }
        assert set(DRIVERS) == known

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    @pytest.mark.parametrize("password", ["p@ss", "50%", "a/b", "a:b", "%40", "@%/:?#[]&= +", "пароль"])
    def test_passwords_survive(self, password: str, *, is_async: bool) -> None:
        """The driver gets any password unchanged."""
        written = URL.create("postgresql", "user", password, "host", 5432, "name").render_as_string(hide_password=False)
        url = translated(written, is_async=is_async)
        assert (password, "user", "host", 5432, "name") == (
            url.password,
            url.username,
            url.host,
            url.port,
            url.database,
        )

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_the_path_of_a_file_is_kept(self, *, is_async: bool) -> None:
        """Relative and absolute files stay where they were written."""
        assert "./app.db" == translated("sqlite:///./app.db", is_async=is_async).database
        assert "/srv/a b.db" == translated("sqlite:////srv/a b.db", is_async=is_async).database


@pytest.mark.usefixtures("missing")
class TestMissingDriver:
    @pytest.mark.parametrize(
        ("written", "is_async", "module"),
        [
            ("postgresql", False, "psycopg"),
            ("postgresql", True, "asyncpg"),
            ("postgresql+psycopg2", False, "psycopg2"),
            ("postgresql+psycopg", True, "psycopg"),
            ("mysql", False, "pymysql"),
            ("mysql", True, "aiomysql"),
            ("mysql+asyncmy", True, "asyncmy"),
            ("mariadb", False, "pymysql"),
        ],
    )
    def test_a_missing_driver_names_the_command_that_installs_it(
        self, written: str, module: str, *, is_async: bool
    ) -> None:
        """The error says which package is missing, what installs it, and no password."""
        with pytest.raises(MissingDriverError) as caught:
            translated(f"{written}://user:hunter2@host/name", is_async=is_async)
        assert module == caught.value.module
        assert "`make servers`" in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_sqlite_needs_none(self) -> None:
        """SQLite works out of the box."""
        assert "sqlite+aiosqlite" == translated("sqlite:///x.db", is_async=True).drivername
