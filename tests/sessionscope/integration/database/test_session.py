"""Sessions do what their names say, and nothing implicitly."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import InvalidRequestError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import scope
from sessionscope.database.errors import ReadOnlySessionError
from sessionscope.database.session import has_unsaved_changes
from sessionscope.transactions.blocks import async_transaction, transaction
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import Account, Base, User

pytestmark = pytest.mark.every_database

VALUES = {"email": "bob@example.com", "username": "bob"}
WRITES: dict[str, Any] = {
    "insert": insert(User).values(VALUES),
    "insert returning": insert(User).values(VALUES).returning(User),
    "core insert": insert(Base.metadata.tables["users"]).values(VALUES),
    "update": update(User).values(username="bob"),
    "delete": delete(User),
}
every_write = pytest.mark.parametrize("name", WRITES)


def ann() -> User:
    """Return a user that is not stored yet."""
    return User(email="ann@example.com", username="ann")


@pytest.fixture
def stored(memory: DatabaseContainer) -> DatabaseContainer:
    """Give a database that has a user."""
    with memory.session_factory()() as session:
        session.add(ann())
        session.commit()
    return memory


def names(database: DatabaseContainer) -> list[str]:
    """Return who is stored."""
    with database.session_factory()() as session:
        return list(session.scalars(select(User.username)))


class TestSession:
    def test_nothing_is_flushed_by_a_query(self, memory: DatabaseContainer) -> None:
        """A query never flushes implicitly."""
        with memory.session_factory()() as session:
            session.add(ann())
            assert [] == list(session.scalars(select(User)))

    def test_objects_outlive_the_commit(self, memory: DatabaseContainer) -> None:
        """A service returns what it stored; no attribute needs the database again."""
        with memory.session_factory()() as session:
            user = ann()
            session.add(user)
            session.commit()
        assert "ann" == user.username

    def test_without_a_commit_nothing_stays(self, memory: DatabaseContainer) -> None:
        """A session that is closed has stored nothing by itself."""
        with memory.session_factory()() as session:
            session.add(ann())
            session.flush()
        assert [] == names(memory)

    @pytest.mark.parametrize("factory", ["session_factory", "read_session_factory"])
    def test_a_closed_one_is_of_no_use(self, memory: DatabaseContainer, factory: str) -> None:
        """A session that was kept beyond its scope fails at once, rather than leak a connection."""
        session: Session = getattr(memory, factory)()()
        session.close()
        with pytest.raises(InvalidRequestError, match="closed"):
            session.execute(select(1))

    @pytest.mark.parametrize("factory", ["async_session_factory", "async_read_session_factory"])
    async def test_closed_async_session_is_refused(self, memory: DatabaseContainer, factory: str) -> None:
        """The same for async sessions."""
        session: AsyncSession = getattr(memory, factory)()()
        await session.close()
        with pytest.raises(InvalidRequestError, match="closed"):
            await session.execute(select(1))

    async def test_async_sessions_behave_like_sync_sessions(self, memory: DatabaseContainer) -> None:
        """No flush by a query, no expiry by a commit, nothing stored without one."""
        async with memory.async_session_factory()() as session:
            user = ann()
            session.add(user)
            assert [] == list(await session.scalars(select(User)))
            await session.commit()
            assert "ann" == user.username
            session.add(User(**VALUES))
            await session.flush()
        assert ["ann"] == names(memory)


class TestForeignSessions:
    def test_session_of_another_library_is_left_alone(self, memory: DatabaseContainer) -> None:
        """The library listens to its own classes of sessions, not to every session of the process."""
        with Session(memory.engine()) as session:
            session.add(ann())
            session.commit()
            assert {} == session.info

    def test_session_of_an_override_tells_when_it_writes(self, memory: DatabaseContainer) -> None:
        """A factory that replaces the library's makes sessions of any class, whose scope must see its own writes."""
        with memory.session_factory.override(sessionmaker(memory.engine())), scope():
            session = memory.session()
            session.add(ann())
            session.flush()
            assert has_unsaved_changes(session)
            assert memory.writes().happened
            session.rollback()
            assert not has_unsaved_changes(session)


class TestTransaction:
    def test_transaction_commits_at_the_end(self, memory: DatabaseContainer) -> None:
        """The end of the block is the commit."""
        with memory.session_factory()() as session, transaction(session):
            session.add(ann())
        assert ["ann"] == names(memory)

    async def test_an_error_undoes_everything(self, memory: DatabaseContainer) -> None:
        """Sync and async alike."""
        with memory.session_factory()() as session, pytest.raises(KeyError), transaction(session):
            session.add(ann())
            session.flush()
            raise KeyError
        async with memory.async_session_factory()() as async_session:
            with pytest.raises(KeyError):
                async with async_transaction(async_session):
                    async_session.add(ann())
                    await async_session.flush()
                    raise KeyError
        assert [] == names(memory)

    async def test_transaction_must_be_the_first_of_its_session(self, memory: DatabaseContainer) -> None:
        """A snapshot from an earlier read may be too old for writing."""
        with memory.session_factory()() as session:
            session.execute(select(1))
            with pytest.raises(InvalidRequestError, match="already"), transaction(session):
                pass
        async with memory.async_session_factory()() as async_session:
            await async_session.execute(select(1))
            with pytest.raises(InvalidRequestError, match="already"):
                async with async_transaction(async_session):
                    pass

    def test_many_can_follow_each_other(self, memory: DatabaseContainer) -> None:
        """A session goes on after a commit, and after a rollback."""
        with memory.session_factory()() as session:
            for name in ("ann", "bob"):
                with transaction(session):
                    session.add(User(email=f"{name}@example.com", username=name))
                with pytest.raises(KeyError), transaction(session):
                    raise KeyError
        assert ["ann", "bob"] == names(memory)


class TestReadSession:
    @every_write
    @pytest.mark.parametrize("method", ["execute", "scalar", "scalars"])
    def test_statements_that_write_are_refused(self, stored: DatabaseContainer, name: str, method: str) -> None:
        """However the statement is sent, nothing changes."""
        with stored.read_session_factory()() as session, pytest.raises(ReadOnlySessionError):
            getattr(session, method)(WRITES[name])
        assert ["ann"] == names(stored)

    @every_write
    @pytest.mark.parametrize("method", ["execute", "scalar", "scalars"])
    async def test_async_read_sessions_do_not_write(self, stored: DatabaseContainer, name: str, method: str) -> None:
        """The same for async sessions."""
        async with stored.async_read_session_factory()() as session:
            with pytest.raises(ReadOnlySessionError):
                await getattr(session, method)(WRITES[name])
        assert ["ann"] == names(stored)

    @pytest.mark.parametrize("method", ["flush", "commit"])
    @pytest.mark.parametrize("change", ["new", "changed", "deleted"])
    def test_changes_are_refused(self, stored: DatabaseContainer, method: str, change: str) -> None:
        """Neither a new object nor a changed or deleted one is written."""
        with stored.read_session_factory()() as session:
            user = session.scalars(select(User)).one()
            if change == "new":
                session.add(User(**VALUES))
            elif change == "changed":
                user.username = "bob"
            else:
                session.delete(user)
            with pytest.raises(ReadOnlySessionError):
                getattr(session, method)()
        assert ["ann"] == names(stored)

    @pytest.mark.parametrize("method", ["flush", "commit"])
    async def test_async_changes_are_refused(self, stored: DatabaseContainer, method: str) -> None:
        """The same for async sessions."""
        async with stored.async_read_session_factory()() as session:
            session.add(User(**VALUES))
            with pytest.raises(ReadOnlySessionError):
                await getattr(session, method)()
        assert ["ann"] == names(stored)

    async def test_reading_is_free(self, stored: DatabaseContainer) -> None:
        """Queries, an empty flush and an empty commit don't count as writes."""
        with stored.read_session_factory()() as session:
            assert "ann" == session.get_one(User, 1).username
            session.flush()
            session.commit()
        async with stored.async_read_session_factory()() as async_session:
            assert "ann" == (await async_session.get_one(User, 1)).username
            await async_session.commit()

    def test_each_read_sees_what_is_there_now(self, stored: DatabaseContainer) -> None:
        """Each statement runs in autocommit, so no snapshot is kept between two of them."""
        count = select(func.count()).select_from(User)
        with stored.read_session_factory()() as session:
            assert 1 == session.scalar(count)
            with stored.session_factory()() as writer:
                writer.add(User(**VALUES))
                writer.commit()
            assert 2 == session.scalar(count)


class TestColumns:
    def test_timestamps_keep_their_microseconds(self, memory: DatabaseContainer) -> None:
        """A value with any offset is stored as the same time in UTC, and is compared as a time."""
        timestamp = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=14)))
        with memory.session_factory()() as session:
            user = ann()
            user.created_at = timestamp
            session.add(user)
            session.commit()
            session.expire_all()
            assert (timestamp, UTC) == (user.created_at, user.created_at.tzinfo)
            assert user is session.scalar(select(User).where(User.created_at == timestamp))
            assert session.scalar(select(User).where(User.created_at > timestamp)) is None

    def test_naive_timestamps_are_refused(self, memory: DatabaseContainer) -> None:
        """Also in a comparison, where they would find the wrong rows."""
        naive = datetime(2026, 1, 31)  # noqa: DTZ001 - that is the point
        with memory.session_factory()() as session, pytest.raises(StatementError, match="time zone"):
            session.scalars(select(User).where(User.created_at > naive))

    def test_sums_are_exact(self, stored: DatabaseContainer) -> None:
        """A thousand times 0.10 is exactly 100, and stays a Decimal in SQL."""
        with stored.session_factory()() as session:
            session.add_all(Account(owner_id=1, balance=Decimal("0.10")) for _ in range(1000))
            session.add(Account(owner_id=1, balance=Decimal("9999999999999899.99")))
            session.commit()
            total = session.scalar(select(func.sum(Account.balance)))
            assert "9999999999999999.99" == str(total)
            dear = select(func.count()).where(Account.balance > Decimal("0.10"))
            assert 1 == session.scalar(dear)

    def test_money_is_not_rounded(self, stored: DatabaseContainer) -> None:
        """An amount between two cents is refused before it reaches the database."""
        with stored.session_factory()() as session:
            session.add(Account(owner_id=1, balance=Decimal("0.005")))
            with pytest.raises(StatementError, match="two decimals"):
                session.commit()
