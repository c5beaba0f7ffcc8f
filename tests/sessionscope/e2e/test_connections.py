"""When connections are given back, and what stays in the database, seen from the other end of a socket."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from sqlalchemy import event, func, literal, select, text
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import ScopedResource, ScopeError, close_container, current_scope, scope
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.serving import serving
from tests.sessionscope.e2e.isolation.calls import call_in_process
from tests.sessionscope.e2e.isolation.crowd import Crowd
from tests.sessionscope.e2e.isolation.holding import holding
from tests.sessionscope.e2e.isolation.outcome import checked_out
from tests.sessionscope.e2e.isolation.sockets import Stage, ask, read, requested
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Post, User
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.every_database

# Far above what the sockets' buffers of both ends take.
LARGE = 32 * 1024 * 1024
PATIENCE_SECONDS = 5


@pytest.fixture(name="container")
def _container(pool_size: int, database_url: str) -> Iterator[ApplicationContainer]:
    """Give a container of the test's own, for it changes the engines and adds endpoints."""
    database = DatabaseSettings(url=database_url, pool_size=pool_size, max_overflow=0)
    container = ApplicationContainer(settings=Settings(database=database))
    yield container
    asyncio.run(close_container(container))


@pytest.fixture(name="pool_size")
def _pool_size() -> int:
    return 5


@pytest.fixture(name="service")
def _service(container: ApplicationContainer) -> FastAPI:
    """Give the application, to which the test adds its endpoints."""
    return create_app(container)


@pytest.fixture(name="stage")
def _stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.go_on.open()


def soon(expected: int, container: ApplicationContainer) -> bool:
    """Tell whether the number of connections in use becomes *expected* while nothing else happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while checked_out(container.database) != expected and time.monotonic() < deadline:
        time.sleep(0.002)
    return checked_out(container.database) == expected


def users_in(container: ApplicationContainer) -> int | None:
    """Count the users that are committed."""
    with scope():
        return container.database.read_session().scalar(select(func.count()).select_from(User))


def a_user() -> User:
    """Return a user that is not in the database."""
    return User(email="a@example.com", username="a")


class TestSlowReader:
    @pytest.mark.parametrize("path", ["/sync", "/async"])
    def test_ordinary_response_holds_no_connection(
        self, service: FastAPI, container: ApplicationContainer, stage: Stage, path: str
    ) -> None:
        """A client that does not read its response holds no connection, however large the response is."""

        @service.get("/sync")
        def large(session: SessionDep) -> PlainTextResponse:
            session.execute(select(1))
            stage.pause()
            return PlainTextResponse("x" * LARGE)

        @service.get("/async")
        async def async_large(session: AsyncSessionDep) -> PlainTextResponse:
            await session.execute(select(1))
            await stage.async_pause()
            return PlainTextResponse("x" * LARGE)

        with serving(service) as server, requested(server, path) as client:
            stage.reached.wait()
            assert checked_out(container.database) == 1
            stage.go_on.open()
            client.recv(1)
            assert checked_out(container.database) == 0
            assert len(read(client)) > LARGE

    def test_a_stream_keeps_its_connection_to_its_end(
        self, service: FastAPI, container: ApplicationContainer, stage: Stage
    ) -> None:
        """A body that is made while it is sent can use its session to its last line, and no longer."""

        @service.get("/stream")
        async def stream(session: AsyncSessionDep) -> StreamingResponse:
            async def body() -> AsyncGenerator[str, None]:
                yield f"<{await session.scalar(select(1))}>"
                await stage.async_pause()
                yield f"<{await session.scalar(select(literal(2)))}>"

            return StreamingResponse(body())

        with serving(service) as server, requested(server, "/stream") as client:
            stage.reached.wait()
            assert checked_out(container.database) == 1
            stage.go_on.open()
            response = read(client)
            assert checked_out(container.database) == 0
        assert (b"<1>" in response, b"<2>" in response) == (True, True)

    @pytest.mark.parametrize("path", ["/sync", "/async"])
    def test_client_that_leaves_a_stream_gives_its_connection_back(
        self, service: FastAPI, container: ApplicationContainer, path: str
    ) -> None:
        """A client that goes away in the middle of a stream leaves no connection behind."""

        @service.get("/sync")
        def stream(session: SessionDep) -> StreamingResponse:
            def body() -> Generator[str, None, None]:
                while True:
                    yield f"<{session.scalar(select(1))}>"
                    time.sleep(0.005)

            return StreamingResponse(body())

        @service.get("/async")
        async def async_stream(session: AsyncSessionDep) -> StreamingResponse:
            async def body() -> AsyncGenerator[str, None]:
                while True:
                    yield f"<{await session.scalar(select(1))}>"
                    await asyncio.sleep(0.005)

            return StreamingResponse(body())

        with serving(service) as server:
            with requested(server, path) as client:
                client.recv(1)
                assert soon(1, container)
            assert soon(0, container)


class TestRelease:
    @pytest.mark.parametrize("path", ["/sync", "/async"])
    def test_a_request_goes_on_without_a_connection(
        self, service: FastAPI, container: ApplicationContainer, stage: Stage, path: str
    ) -> None:
        """After release() the endpoint holds no connection, and its session takes another when it needs one."""

        @service.get("/sync")
        def calling(session: SessionDep) -> int | None:
            session.execute(select(1))
            current_scope().release()
            stage.pause()
            return session.scalar(select(literal(4321)))

        @service.get("/async")
        async def async_calling(session: AsyncSessionDep) -> int | None:
            await session.execute(select(1))
            await current_scope().release()
            await stage.async_pause()
            return await session.scalar(select(literal(4321)))

        with serving(service) as server, requested(server, path) as client:
            stage.reached.wait()
            assert checked_out(container.database) == 0
            stage.go_on.open()
            assert read(client).endswith(b"4321")
        assert checked_out(container.database) == 0

    @pytest.mark.parametrize("path", ["/sync", "/async", "/sync?flush=1", "/async?flush=1"])
    def test_uncommitted_changes_are_not_lost(
        self, service: FastAPI, container: ApplicationContainer, path: str
    ) -> None:
        """With changes that were not committed release() is an error, and the changes can be committed still."""

        @service.get("/sync")
        def saving(session: SessionDep, *, flush: bool = False) -> None:
            session.add(a_user())
            if flush:
                session.flush()
            with pytest.raises(ScopeError, match="not committed"):
                current_scope().release()
            session.commit()

        @service.get("/async")
        async def async_saving(session: AsyncSessionDep, *, flush: bool = False) -> None:
            session.add(a_user())
            if flush:
                await session.flush()
            with pytest.raises(ScopeError, match="not committed"):
                await current_scope().release()
            await session.commit()

        with serving(service) as server:
            status = ask(server, path)[0]
            assert (status, users_in(container)) == (200, 1)


class TestReadYourWrites:
    def test_client_with_the_response_reads_its_own_write(self, service: FastAPI) -> None:
        """A GET on another connection, sent when the POST's response is there, finds the row; every time."""
        with serving(service) as server:
            for number in range(100):
                user = {"email": f"u{number}@example.com", "username": f"u{number}"}
                status, location, created = ask(server, "/users/", user)
                assert status == 201
                assert (200, None, created) == ask(server, location or "")


class TestFailures:
    @pytest.mark.parametrize(
        ("path", "status"), [("/sync/409", 409), ("/async/409", 409), ("/sync/500", 500), ("/async/500", 500)]
    )
    def test_a_failed_request_leaves_no_row(
        self, service: FastAPI, container: ApplicationContainer, path: str, status: int
    ) -> None:
        """Flushed changes without a commit are rolled back, whether the endpoint refuses or fails."""

        @service.get("/sync/{status}")
        def saving(session: SessionDep, status: int) -> None:
            session.add(a_user())
            session.flush()
            fail(status)

        @service.get("/async/{status}")
        async def async_saving(session: AsyncSessionDep, status: int) -> None:
            session.add(a_user())
            await session.flush()
            fail(status)

        with serving(service) as server:
            assert ask(server, path)[0] == status
            assert (users_in(container), checked_out(container.database)) == (0, 0)

    def test_a_commit_that_breaks_is_no_success(self, service: FastAPI, container: ApplicationContainer) -> None:
        """If the database fails at COMMIT, the client gets an error."""

        def break_down(_: object) -> None:
            raise OSError("the disk is full")

        # On SQLite, a unit of work that is a plain function commits on the sync engine.
        for engine in (container.database.engine(), container.database.async_engine().sync_engine):
            event.listen(engine, "commit", break_down)
        user = {"email": "a@example.com", "username": "a"}

        with serving(service) as server:
            assert ask(server, "/users/", user)[0] == 500
            assert (users_in(container), checked_out(container.database)) == (0, 0)

    # MariaDB looks at each constraint at once.
    @pytest.mark.every_database(but=["mysql"])
    def test_a_commit_that_is_refused_is_no_success(self, service: FastAPI, container: ApplicationContainer) -> None:
        """A deferred constraint that fails at COMMIT makes the response an error too."""
        engine = container.database.engine()
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE posts ALTER CONSTRAINT fk_posts_author_id_users DEFERRABLE"))
        late = {"sqlite": "PRAGMA defer_foreign_keys = ON", "postgresql": "SET CONSTRAINTS ALL DEFERRED"}

        @service.get("/save")
        async def save(session: AsyncSessionDep) -> None:
            await session.execute(text(late[engine.dialect.name]))
            session.add(Post(title="t", content="c", author_id=404))
            await session.commit()

        with serving(service) as server:
            assert ask(server, "/save")[0] == 409
        assert checked_out(container.database) == 0


class TestGenerators:
    @pytest.mark.parametrize(("path", "users"), [("/200", 1), ("/409", 0), ("/500", 0), ("/returned/409", 0)])
    def test_failed_request_does_not_commit_after_the_yield(
        self, service: FastAPI, container: ApplicationContainer, path: str, users: int
    ) -> None:
        """A generator that commits at its end commits what was answered with a success, and nothing else."""

        def committing(factory: sessionmaker[Session]) -> Generator[Session, None, None]:
            with factory() as session:
                yield session
                session.commit()

        provider = ScopedResource[Session](committing, container.database.session_factory)

        @service.get("/{status}")
        def save(status: int) -> None:
            provider().add(a_user())
            fail(status)

        @service.get("/returned/{status}")
        def save_and_return(status: int) -> JSONResponse:
            provider().add(a_user())
            return JSONResponse("no", status)

        with serving(service) as server:
            ask(server, path)
            assert users_in(container) == users

    @pytest.mark.parametrize("teardown", [OSError("stuck"), RuntimeError("no commit")], ids=repr)
    def test_a_teardown_that_fails_is_no_success(self, service: FastAPI, teardown: Exception) -> None:
        """The response waits for the end of the scope, so what fails there is answered with an error."""

        def failing() -> Generator[str, None, None]:
            yield "value"
            raise teardown

        provider = ScopedResource[str](failing)

        @service.get("/value")
        async def value() -> str:
            return provider()

        with serving(service) as server:
            assert ask(server, "/value")[0] == 500


class TestThreads:
    @pytest.fixture(name="pool_size")
    def _pool_size(self) -> int:
        return 2

    def test_threads_that_wait_for_a_connection_do_not_keep_it_from_coming_back(
        self, service: FastAPI, container: ApplicationContainer
    ) -> None:
        """More `def` endpoints than the server has threads share two connections, and all get their turn."""

        @service.get("/value")
        def value(session: SessionDep) -> PlainTextResponse:
            return PlainTextResponse(f"{session.scalar(select(1))}")

        with serving(service) as server, ThreadPoolExecutor(45) as clients:
            statuses = list(clients.map(lambda _: ask(server, "/value")[0], range(450)))
        assert statuses == [200] * 450
        assert checked_out(container.database) == 0

    def test_nor_does_what_the_server_does_to_their_results(
        self, service: FastAPI, container: ApplicationContainer
    ) -> None:
        """FastAPI checks what a `def` endpoint returned in a thread too, for which the connection must not wait."""

        @service.get("/figure")
        def figure(session: SessionDep) -> dict[str, int | None]:
            return {"figure": session.scalar(select(1))}

        with serving(service) as server, ThreadPoolExecutor(45) as clients:
            statuses = list(clients.map(lambda _: ask(server, "/figure")[0], range(90)))
        assert statuses == [200] * 90
        assert checked_out(container.database) == 0

    async def test_a_cancelled_request_ends_with_its_thread(
        self, service: FastAPI, container: ApplicationContainer
    ) -> None:
        """A thread can't be cancelled: its connection is neither closed nor lent to others while it uses it."""
        crowd = Crowd(1)

        @service.get("/hold")
        def holding_on(session: SessionDep) -> None:
            session.connection()
            crowd.settled[0].open()
            session.execute(text(crowd.statement.format(0)))

        with holding(container.database.engine(), crowd):
            already = checked_out(container.database)
            task = asyncio.create_task(call_in_process(service, "/hold"))
            await crowd.settled[0].async_wait()
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=0.1)
            assert (set(), 1) == (done, checked_out(container.database) - already)
            crowd.endings[0].open()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert checked_out(container.database) == 0


def fail(status: int) -> None:
    """Do as the status says."""
    if status == 500:
        raise RuntimeError
    if status != 200:
        raise HTTPException(status)
