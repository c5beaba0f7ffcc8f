"""Engines honour the settings, whichever pool they have; building them connects to nothing."""

import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import (
    AssertionPool,
    AsyncAdaptedQueuePool,
    NullPool,
    Pool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
)

from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import ConfigurationError, DatabaseSettings


def settings(tmp_path: Path, **values: Any) -> DatabaseSettings:
    """Return settings unlike any default."""
    given: dict[str, Any] = {
        "url": f"sqlite:///{tmp_path}/x.db",
        "pool_size": 3,
        "max_overflow": 4,
        "pool_timeout": 5.5,
        "pool_recycle": 67,
        "pool_pre_ping": False,
    }
    return DatabaseSettings(**given | values)


def engines(settings: DatabaseSettings, poolclass: type[Pool] | None = None) -> list[Engine]:
    """Return the sync engine, and the one inside the async one."""
    asynchronous: AsyncEngine = build_async_engine(settings, poolclass=poolclass)
    return [build_engine(settings, poolclass=poolclass), asynchronous.sync_engine]


class TestQueue:
    def test_every_setting_is_honoured(self, tmp_path: Path) -> None:
        """Size, overflow, wait, age and ping reach the pool of both engines."""
        for engine in engines(settings(tmp_path)):
            pool: Any = engine.pool
            assert (3, 4, 5.5, 67) == (
                pool.size(),
                pool.max_overflow,
                pool._timeout,
                pool._recycle,
            )

    def test_each_engine_has_the_pool_of_its_kind(self, tmp_path: Path) -> None:
        """A pool that waits in a thread would block the event loop."""
        sync, asynchronous = (engine.pool for engine in engines(settings(tmp_path)))
        assert isinstance(sync, QueuePool)
        assert isinstance(asynchronous, AsyncAdaptedQueuePool)

    @pytest.mark.parametrize("unlimited", ["max_overflow", "pool_recycle"])
    def test_minus_one_means_no_limit(self, tmp_path: Path, unlimited: str) -> None:
        """SQLAlchemy has the same convention."""
        for engine in engines(settings(tmp_path, **{unlimited: -1})):
            pool: Any = engine.pool
            assert -1 == getattr(pool, f"_{unlimited.removeprefix('pool_')}")


class TestOtherPools:
    def test_null_keeps_nothing(self, tmp_path: Path) -> None:
        """The setting for external poolers: sizes don't apply, and are no error."""
        made = engines(settings(tmp_path, pool_class="null"))
        assert [True, True] == [isinstance(engine.pool, NullPool) for engine in made]

    @pytest.mark.parametrize("poolclass", [NullPool, StaticPool, QueuePool, SingletonThreadPool, AssertionPool])
    def test_any_pool_is_taken(self, tmp_path: Path, poolclass: type[Pool]) -> None:
        """A pool given by class gets the options that it takes, and no TypeError."""
        engine = build_engine(settings(tmp_path), poolclass=poolclass)
        pool: Any = engine.pool
        assert poolclass is type(pool)
        assert 67 == pool._recycle

    @pytest.mark.parametrize("poolclass", [NullPool, StaticPool, AsyncAdaptedQueuePool])
    def test_any_async_pool_is_taken(self, tmp_path: Path, poolclass: type[Pool]) -> None:
        """The same for async engines."""
        assert poolclass is type(build_async_engine(settings(tmp_path), poolclass=poolclass).pool)


class TestLogging:
    @pytest.mark.parametrize("echo", [True, False])
    def test_echo_reaches_the_engine(self, tmp_path: Path, *, echo: bool) -> None:
        """Statements are logged on request alone, and without values."""
        for engine in engines(settings(tmp_path, echo=echo)):
            assert (echo, True) == (engine.echo, engine.hide_parameters)

    def test_values_are_shown_on_request_alone(self, tmp_path: Path) -> None:
        """They have a setting of their own, for logs and errors."""
        for engine in engines(settings(tmp_path, echo_parameters=True)):
            assert (False, False) == (engine.echo, engine.hide_parameters)

    def test_the_drivers_log_keeps_a_level_that_was_set(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """At DEBUG aiosqlite logs values: it does so for those who ask for it by its name."""
        driver = logging.getLogger("aiosqlite")
        for level, expected in ((logging.NOTSET, logging.INFO), (logging.DEBUG, logging.DEBUG)):
            monkeypatch.setattr(driver, "level", level)
            build_async_engine(settings(tmp_path))
            assert expected == driver.level


class TestIsolation:
    def test_the_level_reaches_the_engine(self, tmp_path: Path) -> None:
        """The driver sets it for every transaction."""
        pytest.importorskip("asyncpg")
        pytest.importorskip("psycopg")
        values = {"url": "postgresql://host/name", "isolation_level": "REPEATABLE READ"}
        for engine in engines(settings(tmp_path, **values)):
            dialect: Any = engine.dialect
            assert "REPEATABLE READ" == dialect._on_connect_isolation_level

    def test_sqlite_has_one_level_only(self, tmp_path: Path) -> None:
        """Its transactions are serializable, whatever is asked for."""
        for engine in engines(settings(tmp_path, isolation_level="READ COMMITTED")):
            with_level: Any = engine.dialect
            assert None is with_level._on_connect_isolation_level


class TestQuery:
    def test_what_no_driver_knows_is_a_configuration_error(self, tmp_path: Path) -> None:
        """Both engines report it at once, with the closest known word."""
        wrong = settings(tmp_path, url=f"sqlite:///{tmp_path}/x.db?time_out=3")
        for build in (build_engine, build_async_engine):
            with pytest.raises(ConfigurationError, match="did you mean timeout"):
                build(wrong)


class TestLaziness:
    def test_building_connects_to_nothing(self, tmp_path: Path) -> None:
        """No file appears before the first statement."""
        engines(settings(tmp_path))
        assert [] == list(tmp_path.iterdir())


class TestLog:
    def test_a_pool_is_as_quiet_as_sqlalchemys(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The routine work of a pool doesn't appear in the service's log."""
        with caplog.at_level(logging.INFO, logger="app"):
            for engine in engines(settings(tmp_path)):
                engine.pool.recreate().logger.info("recreated")
        assert [] == [record.name for record in caplog.records if record.name.startswith("sessionscope.")]
