"""Engines honour the settings, whichever pool they have; building them connects to nothing."""

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

from app.database.engine import build_async_engine, build_engine
from config import DatabaseSettings


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
            assert (3, 4, 5.5, 67, False) == (
                pool.size(),
                pool._max_overflow,
                pool._timeout,
                pool._recycle,
                pool._pre_ping,
            )

    def test_each_engine_has_the_pool_of_its_kind(self, tmp_path: Path) -> None:
        """A pool that waits in a thread would hold up the event loop."""
        assert [QueuePool, AsyncAdaptedQueuePool] == [type(engine.pool) for engine in engines(settings(tmp_path))]

    @pytest.mark.parametrize("unlimited", ["max_overflow", "pool_recycle"])
    def test_minus_one_means_no_limit(self, tmp_path: Path, unlimited: str) -> None:
        """As SQLAlchemy has it."""
        for engine in engines(settings(tmp_path, **{unlimited: -1})):
            pool: Any = engine.pool
            assert -1 == getattr(pool, f"_{unlimited.removeprefix('pool_')}")


class TestOtherPools:
    def test_null_keeps_nothing(self, tmp_path: Path) -> None:
        """The setting for external poolers: sizes don't apply, and are no error."""
        assert [NullPool, NullPool] == [type(engine.pool) for engine in engines(settings(tmp_path, pool_class="null"))]

    @pytest.mark.parametrize("poolclass", [NullPool, StaticPool, QueuePool, SingletonThreadPool, AssertionPool])
    def test_any_pool_is_taken(self, tmp_path: Path, poolclass: type[Pool]) -> None:
        """A pool given by class gets the options that it takes, and no TypeError."""
        engine = build_engine(settings(tmp_path), poolclass=poolclass)
        pool: Any = engine.pool
        assert poolclass is type(pool)
        assert (67, False) == (pool._recycle, pool._pre_ping)

    @pytest.mark.parametrize("poolclass", [NullPool, StaticPool, AsyncAdaptedQueuePool])
    def test_any_async_pool_is_taken(self, tmp_path: Path, poolclass: type[Pool]) -> None:
        """The same for async engines."""
        assert poolclass is type(build_async_engine(settings(tmp_path), poolclass=poolclass).pool)


class TestLogging:
    @pytest.mark.parametrize("echo", [True, False])
    def test_echo_reaches_the_engine(self, tmp_path: Path, *, echo: bool) -> None:
        """Statements are logged on request alone; only then do errors show values."""
        for engine in engines(settings(tmp_path, echo=echo)):
            assert (echo, not echo) == (engine.echo, engine.hide_parameters)


class TestLaziness:
    def test_building_connects_to_nothing(self, tmp_path: Path) -> None:
        """No file appears before the first statement."""
        engines(settings(tmp_path))
        assert [] == list(tmp_path.iterdir())
