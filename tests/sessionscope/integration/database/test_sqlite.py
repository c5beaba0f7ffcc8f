"""SQLite behaves as the other databases do."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session

from sessionscope.database.errors import Violation, violation_of
from sessionscope.transactions.blocks import async_transaction, transaction
from tests.sessionscope.integration.database.conftest import MakeDatabase
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import Account, Post, User

PRAGMAS = {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 1500}


def ann(**values: Any) -> User:
    """Return a user that is not stored yet."""
    return User(**{"email": "ann@example.com", "username": "ann"} | values)


def begins(engine: Engine | AsyncEngine) -> list[str]:
    """Return the list that every BEGIN of *engine* will be written into."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(engine.sync_engine if isinstance(engine, AsyncEngine) else engine, "before_cursor_execute", see)
    return seen


class TestPragmas:
    def test_sync_connections_have_the_pragmas(self, make_database: MakeDatabase) -> None:
        """Foreign keys are held to, readers don't block writers, and locks are waited for."""
        with make_database(lock_timeout=1.5).engine().connect() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
        assert PRAGMAS == found

    async def test_async_connections_have_the_pragmas(self, make_database: MakeDatabase) -> None:
        """The same through the async driver."""
        async with make_database(lock_timeout=1.5).async_engine().connect() as connection:
            found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
        assert PRAGMAS == found

    def test_a_private_database_does_not_wait_for_the_disk(self, memory: DatabaseContainer) -> None:
        """A private database ends with its process, so it needs no protection against a power cut."""
        with memory.engine().connect() as connection:
            assert 0 == connection.exec_driver_sql("PRAGMA synchronous").scalar()

    def test_a_file_does(self, make_database: MakeDatabase) -> None:
        """A real file is as safe as SQLite makes it."""
        with make_database().engine().connect() as connection:
            assert 0 != connection.exec_driver_sql("PRAGMA synchronous").scalar()


class TestTransactions:
    def test_a_savepoint_rolls_back_alone(self, database: DatabaseContainer) -> None:
        """What came before the savepoint stays, what came after it goes."""
        with database.session_factory()() as session, session.begin():
            session.add(ann())
            session.flush()
            with pytest.raises(RuntimeError), session.begin_nested():
                session.add(ann(email="bob@example.com", username="bob"))
                session.flush()
                raise RuntimeError
        assert ["ann"] == self.names(database)

    async def test_async_savepoint_rolls_back_alone(self, database: DatabaseContainer) -> None:
        """The same through the async driver."""
        async with database.async_session_factory()() as session, session.begin():
            session.add(ann())
            await session.flush()
            with pytest.raises(RuntimeError):
                async with session.begin_nested():
                    session.add(ann(email="bob@example.com", username="bob"))
                    await session.flush()
                    raise RuntimeError
        assert ["ann"] == self.names(database)

    def test_the_whole_rolls_back_with_its_savepoints(self, database: DatabaseContainer) -> None:
        """A released savepoint is still part of the transaction."""
        with database.session_factory()() as session:
            with session.begin_nested():
                session.add(ann())
            session.rollback()
        assert [] == self.names(database)

    def test_ddl_rolls_back(self, database: DatabaseContainer) -> None:
        """A table that was made in a transaction goes with it: a failed migration leaves nothing half done."""
        with pytest.raises(RuntimeError), database.engine().begin() as connection:
            connection.execute(text("CREATE TABLE half (id INTEGER)"))
            raise RuntimeError
        assert not inspect(database.engine()).has_table("half")

    async def test_ddl_rolls_back_asynchronously(self, database: DatabaseContainer) -> None:
        """The same through the async driver."""
        with pytest.raises(RuntimeError):
            async with database.async_engine().begin() as connection:
                await connection.execute(text("CREATE TABLE half (id INTEGER)"))
                raise RuntimeError
        assert not inspect(database.engine()).has_table("half")

    def test_reads_of_one_transaction_agree(self, database: DatabaseContainer) -> None:
        """What others commit meanwhile is not seen before the next transaction."""
        factory = database.session_factory()
        with factory() as reader, factory() as writer:
            assert [] == list(reader.scalars(select(User)))
            writer.add(ann())
            writer.commit()
            assert [] == list(reader.scalars(select(User)))
            reader.rollback()
            assert 1 == len(list(reader.scalars(select(User))))

    @staticmethod
    def names(database: DatabaseContainer) -> list[str]:
        """Return who is stored."""
        with database.session_factory()() as session:
            return list(session.scalars(select(User.username).order_by(User.id)))


class TestBegin:
    def test_a_writing_transaction_takes_the_lock_at_once(self, memory: DatabaseContainer) -> None:
        """`transaction` begins IMMEDIATE, a plain session doesn't, and the next user of the connection neither."""
        seen = begins(memory.engine())
        with memory.session_factory()() as session:
            session.execute(select(User))
            session.rollback()
            with transaction(session):
                session.execute(select(User))
            session.execute(select(User))
        assert ["BEGIN", "BEGIN IMMEDIATE", "BEGIN"] == seen

    async def test_async_writer_takes_the_lock_at_begin(self, memory: DatabaseContainer) -> None:
        """The same through the async driver."""
        seen = begins(memory.async_engine())
        async with memory.async_session_factory()() as session:
            async with async_transaction(session):
                await session.execute(select(User))
            await session.execute(select(User))
        assert ["BEGIN IMMEDIATE", "BEGIN"] == seen

    def test_a_read_session_begins_nothing(self, memory: DatabaseContainer) -> None:
        """A read costs one statement."""
        seen = begins(memory.engine())
        with memory.read_session_factory()() as session:
            session.execute(select(User))
        assert [] == seen


class TestViolations:
    """Each kind of broken constraint is told apart on SQLite."""

    @pytest.mark.parametrize(
        ("wrong", "expected"),
        [
            (lambda _: ann(id=7, username="other"), Violation.UNIQUE),
            (lambda user: ann(id=user.id, email="b@example.com", username="b"), Violation.UNIQUE),
            (lambda _: Account(owner_id=99, balance=0), Violation.FOREIGN_KEY),
            (lambda user: Account(owner_id=user.id, balance=-1), Violation.CHECK),
            (lambda user: Post(author_id=user.id, title=None, content=""), Violation.NOT_NULL),
        ],
        ids=["unique", "primary key", "foreign key", "check", "not null"],
    )
    def test_an_insert(self, memory: DatabaseContainer, wrong: Any, expected: Violation) -> None:
        """A row that breaks a rule is refused, and the rule is known."""
        with memory.session_factory()() as session:
            user = self.stored(session)
            session.expunge_all()
            session.add(wrong(user))
            with pytest.raises(IntegrityError) as caught:
                session.commit()
            assert expected is violation_of(caught.value)

    def test_a_delete(self, memory: DatabaseContainer) -> None:
        """A row that others refer to can't be deleted."""
        with memory.session_factory()() as session:
            user = self.stored(session)
            session.add(Account(owner_id=user.id, balance=0))
            session.commit()
            session.delete(user)
            with pytest.raises(IntegrityError) as caught:
                session.commit()
            assert Violation.FOREIGN_KEY is violation_of(caught.value)

    async def test_an_async_insert(self, memory: DatabaseContainer) -> None:
        """The async driver's errors have the same codes."""
        async with memory.async_session_factory()() as session:
            session.add_all([ann(), ann()])
            with pytest.raises(IntegrityError) as caught:
                await session.commit()
            assert Violation.UNIQUE is violation_of(caught.value)

    @staticmethod
    def stored(session: Session) -> User:
        """Store a user."""
        user = ann()
        session.add(user)
        session.commit()
        return user


class TestPool:
    def test_the_connection_is_given_back(self, memory: DatabaseContainer) -> None:
        """A connection that comes back to the pool is in no transaction."""

        def in_transaction(connection: Connection) -> bool:
            raw: Any = connection.connection.dbapi_connection
            return bool(raw.in_transaction)

        with memory.engine().connect() as connection:
            connection.execute(select(1))
            assert in_transaction(connection)
        with memory.engine().connect() as connection:
            assert not in_transaction(connection)


class TestFailedCommit:
    """A COMMIT that fails leaves SQLite's transaction open."""

    ORPHAN = "INSERT INTO posts VALUES (1, 'x', 'x', 99, '2026-01-01', '2026-01-01')"

    def test_transaction_ends_with_its_session_after_a_failed_commit(self, database: DatabaseContainer) -> None:
        """The connection that comes back to the pool holds no lock."""
        with pytest.raises(IntegrityError), database.session_factory()() as session:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            session.execute(text(self.ORPHAN))
            session.commit()
        with database.engine().connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            assert not raw.in_transaction

    async def test_async_transaction_ends_with_its_session_after_a_failed_commit(
        self, database: DatabaseContainer
    ) -> None:
        """The same holds for the async driver."""
        with pytest.raises(IntegrityError):
            async with database.async_session_factory()() as session:
                await session.execute(text("PRAGMA defer_foreign_keys = ON"))
                await session.execute(text(self.ORPHAN))
                await session.commit()
        async with database.async_engine().connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            assert not raw.in_transaction
