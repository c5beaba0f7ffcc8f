"""The session dependencies work with a container that has a session and nothing else."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from dependency_injector import containers
from fastapi import FastAPI, HTTPException
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from sessionscope import ScopedResource, ScopeError, ScopeMiddleware, check_container, scope
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep

pytestmark = pytest.mark.isolation("none")

INSERT = text("INSERT INTO notes VALUES (1)")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Give an engine of a database with one table."""
    engine = create_engine(f"sqlite:///{tmp_path}/notes.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER)"))
    yield engine
    engine.dispose()


@pytest.fixture
async def async_engine(engine: Engine) -> AsyncIterator[AsyncEngine]:
    """Give an async engine of the same database."""
    found = create_async_engine(engine.url.set(drivername="sqlite+aiosqlite"))
    yield found
    await found.dispose()


def build_app(**recipes: Any) -> FastAPI:
    """Return an application whose container has these sessions, and nothing else."""
    container = containers.DynamicContainer()
    for name, recipe in recipes.items():
        setattr(container, name, ScopedResource(recipe))
    app = FastAPI()
    app.state.container = container
    app.add_middleware(ScopeMiddleware)

    @app.post("/sync/{status}")
    def write(status: int, db: SessionDep) -> None:
        db.execute(INSERT)
        if status >= 400:
            raise HTTPException(status)

    @app.post("/async/{status}")
    async def write_asynchronously(status: int, db: AsyncSessionDep) -> None:
        await db.execute(INSERT)
        if status >= 400:
            raise HTTPException(status)

    check_container(container, app)
    return app


async def rows_after(app: FastAPI, path: str, engine: Engine) -> int:
    """Send a request; return how many rows it has left."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://notes") as client:
        assert int(path[-3:]) == (await client.post(path)).status_code
    with engine.connect() as connection:
        return len(connection.execute(text("SELECT * FROM notes")).all())


def begun(factory: sessionmaker[Session]) -> Callable[[], Any]:
    """Return what commits at the end."""
    return factory.begin


def generated(factory: sessionmaker[Session]) -> Callable[[], Any]:
    """Return a generator function that commits at the end."""

    def open_session() -> Iterator[Session]:
        with factory() as session:
            yield session
            session.commit()

    return open_session


def begun_asynchronously(factory: async_sessionmaker[AsyncSession]) -> Callable[[], Any]:
    """Return what commits at the end."""
    return factory.begin


def generated_asynchronously(factory: async_sessionmaker[AsyncSession]) -> Callable[[], Any]:
    """Return a generator function that commits at the end."""

    async def open_session() -> AsyncGenerator[AsyncSession, None]:
        async with factory() as session:
            yield session
            await session.commit()

    return open_session


class TestSmallContainers:
    async def test_factory_alone_never_commits(self, engine: Engine, async_engine: AsyncEngine) -> None:
        """What an endpoint doesn't commit is rolled back."""
        app = build_app(session=sessionmaker(engine), async_session=async_sessionmaker(async_engine))
        assert 0 == await rows_after(app, "/sync/200", engine)
        assert 0 == await rows_after(app, "/async/200", engine)

    @pytest.mark.parametrize("recipe", [begun, generated])
    async def test_sync_session_is_committed_if_the_request_succeeds(
        self, engine: Engine, recipe: Callable[..., Any]
    ) -> None:
        """An error response is a failure."""
        app = build_app(session=recipe(sessionmaker(engine)))
        assert 0 == await rows_after(app, "/sync/409", engine)
        assert 1 == await rows_after(app, "/sync/200", engine)

    @pytest.mark.parametrize("recipe", [begun_asynchronously, generated_asynchronously])
    async def test_async_session_is_committed_if_the_request_succeeds(
        self, engine: Engine, async_engine: AsyncEngine, recipe: Callable[..., Any]
    ) -> None:
        """The session is opened before the endpoint gets it."""
        app = build_app(async_session=recipe(async_sessionmaker(async_engine)))
        assert 0 == await rows_after(app, "/async/409", engine)
        assert 1 == await rows_after(app, "/async/200", engine)


class Base(DeclarativeBase):
    """The base class of a service's own models."""


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)


class TestRelease:
    async def test_release_refuses_to_lose_flushed_changes(self, async_engine: AsyncEngine) -> None:
        """That is so for a session of SQLAlchemy's own factory too."""
        provider = ScopedResource(async_sessionmaker(async_engine))
        async with scope() as current:
            session: Any = provider()
            session.add(Note(id=1))
            await session.flush()
            with pytest.raises(ScopeError, match="not committed"):
                await current.release()
            await session.commit()
            await current.release()
            assert 1 == await session.scalar(select(func.count()).select_from(Note))

    def test_sync_release_refuses_too(self, engine: Engine) -> None:
        """A rollback forgets the changes."""
        provider = ScopedResource(sessionmaker(engine))
        with scope() as current:
            session: Any = provider()
            session.add(Note(id=1))
            session.flush()
            with pytest.raises(ScopeError, match="not committed"):
                current.release()
            session.rollback()
            current.release()
            assert 0 == session.scalar(select(func.count()).select_from(Note))
