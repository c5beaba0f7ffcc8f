"""The sessions of one test see each other's rows, and the next test sees none of them."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from sessionscope import scope
from sessionscope.testing.queries import QueryLog
from tests.sessionscope.service.models import User

USERS = select(func.count()).select_from(User)


def user(name: str) -> User:
    """Return a user to be added."""
    return User(email=f"{name}@example.com", username=name)


@pytest.mark.every_database
@pytest.mark.isolation("transaction")
class TestTransaction:
    async def test_async_rows_are_seen_by_the_sync_session(self, session: Session, async_session: AsyncSession) -> None:
        """Both sessions use one connection, so flushed rows are visible at once."""
        async_session.add(user("a"))
        await async_session.flush()
        assert session.scalar(USERS) == 1

    async def test_sync_rows_are_seen_by_the_async_session(self, session: Session, async_session: AsyncSession) -> None:
        """The reverse works too."""
        session.add(user("a"))
        session.commit()
        assert await async_session.scalar(USERS) == 1

    async def test_the_service_sees_the_tests_rows(self, async_client: httpx2.AsyncClient, session: Session) -> None:
        """The service sees rows that the test flushed but did not commit, and the test sees the service's rows."""
        session.add(user("a"))
        session.flush()
        response = await async_client.post("/users/", json={"email": "b@example.com", "username": "b"})
        assert response.status_code == 201
        assert (await async_client.get("/users/")).json()["total"] == 2
        assert (await async_client.get("/reports/users/count")).json() == {"count": 2}
        assert session.scalar(USERS) == 2

    async def test_a_rollback_of_the_service_is_real(self, async_client: httpx2.AsyncClient, session: Session) -> None:
        """A refused request undoes its own work and nothing else."""
        body = {"email": "a@example.com", "username": "a"}
        assert [201, 409] == [(await async_client.post("/users/", json=body)).status_code for _ in range(2)]
        assert session.scalar(USERS) == 1

    def test_commit_and_rollback_in_one_session(self, session: Session) -> None:
        """A commit keeps, a rollback undoes to the last commit."""
        session.add(user("a"))
        session.commit()
        session.add(user("b"))
        session.flush()
        session.rollback()
        session.add(user("a"))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        assert session.scalar(USERS) == 1

    @pytest.mark.parametrize("attempt", [1, 2])
    async def test_nothing_is_left(self, container: Any, attempt: int) -> None:
        """The second run of this test finds as little as the first."""
        async with scope():
            async_session = container.database.async_session()
            assert await async_session.scalar(USERS) == 0
            async_session.add(user("a"))
            await async_session.commit()
        with container.database.engine().begin() as connection:
            if connection.dialect.name != "mysql":
                connection.execute(text("CREATE TABLE attempts (id INTEGER)"))
            assert connection.scalar(USERS) == 1, attempt

    def test_connection_of_the_engine_leaves_the_transaction_open(self, container: Any, session: Session) -> None:
        """Neither its isolation level nor its commit or rollback has an effect."""
        session.add(user("a"))
        session.commit()
        for level in ("AUTOCOMMIT", "SERIALIZABLE"):
            with container.database.engine().connect().execution_options(isolation_level=level) as connection:
                assert connection.scalar(USERS) == 1
                connection.rollback()
                connection.commit()
        session.rollback()
        assert session.scalar(USERS) == 1

    async def test_requests_wait_for_each_other(self, async_client: httpx2.AsyncClient) -> None:
        """Requests sent at once are served one after the other, and all succeed."""
        bodies = [{"email": f"{n}@example.com", "username": f"u{n}"} for n in range(10)]
        responses = await asyncio.gather(*(async_client.post("/users/", json=body) for body in bodies))
        assert [201] * 10 == [response.status_code for response in responses]
        assert (await async_client.get("/users/")).json()["total"] == 10

    def test_a_sync_client_does_as_well(self, client: TestClient, session: Session) -> None:
        """A plain test uses the application, its lifespan included, from its own thread."""
        assert client.post("/users/", json={"email": "a@example.com", "username": "a"}).status_code == 201
        assert client.get("/reports/users/count").json() == {"count": 1}
        assert session.scalar(USERS) == 1

    def test_a_second_start_of_the_lifespan_works(self, client: TestClient) -> None:
        """The application is made once, started and stopped by each test that wants it."""
        assert client.get("/health/ready").status_code == 200


@pytest.mark.every_database
@pytest.mark.isolation("database")
class TestDatabase:
    def test_uncommitted_rows_are_nobody_elses(self, container: Any, session: Session) -> None:
        """Two sessions have two connections, so uncommitted rows are not visible."""
        session.add(user("a"))
        session.flush()
        with container.database.session_factory()() as other:
            assert other.scalar(USERS) == 0
            session.commit()
            other.rollback()
            assert other.scalar(USERS) == 1

    @pytest.mark.parametrize("attempt", [1, 2])
    async def test_nothing_is_left(self, async_session: AsyncSession, attempt: int) -> None:
        """What a test committed went with its database."""
        assert await async_session.scalar(USERS) == 0, attempt
        async_session.add(user("a"))
        await async_session.commit()

    async def test_requests_are_concurrent(self, async_client: httpx2.AsyncClient) -> None:
        """Requests that are sent at once run concurrently."""
        body = {"email": "a@example.com", "username": "a"}
        responses = await asyncio.gather(*(async_client.post("/users/", json=body) for _ in range(5)))
        assert [201, 409, 409, 409, 409] == sorted(response.status_code for response in responses)

    def test_database_isolation_works_in_sync_tests(self, client: TestClient) -> None:
        """The loop of the client's thread is not the one of any other test."""
        assert client.post("/users/", json={"email": "a@example.com", "username": "a"}).status_code == 201


class TestQueryLog:
    async def test_too_many_are_shown_with_their_lines(self, async_session: AsyncSession, query_log: Any) -> None:
        """The failure names each statement, its line, and what was repeated."""
        log: QueryLog
        with query_log() as log:
            for key in (1, 2, 3):
                await async_session.get(User, key)
        with pytest.raises(AssertionError) as caught:
            log.assert_max_queries(1)
        assert "3 statements instead of at most 1" in str(caught.value)
        assert "3 times (N+1?): SELECT users.id" in str(caught.value)
        assert "test_isolation_modes.py" in str(caught.value)

    async def test_lines_of_the_service_are_named(self, async_client: httpx2.AsyncClient, query_log: Any) -> None:
        """A statement sent for a request is traced to the function that sent it."""
        with query_log() as log:
            await async_client.get("/users/1")
        assert ["tests/sessionscope/service/services.py"] == [str(query.line).split(":")[0] for query in log.queries]

    async def test_few_enough_are_fine(self, session: Session, query_log: Any) -> None:
        """Statements that begin and end transactions are not counted."""
        with query_log() as log:
            session.add(user("a"))
            session.commit()
        log.assert_max_queries(1)
        assert log.statements[0].startswith("INSERT INTO users")
