"""Fake transactions run units of work without a database, and record how they end."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sessionscope.errors import ConflictError, KeyReusedError, RequestInFlightError
from sessionscope.testing.fakes import FakeAsyncTransactions, FakeTransactions


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)


@dataclass
class Made:
    id: int


@pytest.fixture(name="transactions")
def _transactions() -> FakeAsyncTransactions:
    """Give the async fake."""
    return FakeAsyncTransactions()


def fail(_: Session) -> None:
    """Refuse."""
    raise ConflictError("taken")


def query(session: Session) -> Any:
    """Go to the database."""
    return session.scalars(select(Note)).all()


class TestFakeTransactions:
    def test_result_of_a_unit_is_recorded(self) -> None:
        """The result is recorded and returned."""
        transactions = FakeTransactions()
        assert 7 == transactions.run(lambda _: 7)
        assert ([7], []) == (transactions.committed, transactions.rolled_back)

    def test_error_of_a_unit_is_recorded(self) -> None:
        """The error is recorded and raised."""
        transactions = FakeTransactions()
        with pytest.raises(ConflictError) as raised:
            transactions.run(fail)
        assert ([], [raised.value]) == (transactions.committed, transactions.rolled_back)

    def test_nested_unit_is_a_part_of_the_outer_one(self) -> None:
        """It sees the same session, and is committed with it."""
        transactions = FakeTransactions()
        assert transactions.run(lambda outer: transactions.run(lambda inner: inner is outer))
        assert [True] == transactions.committed

    def test_query_fails_clearly(self) -> None:
        """There is no database behind the session."""
        with pytest.raises(UnboundExecutionError):
            FakeTransactions().run(query)

    def test_object_left_in_the_session_fails_clearly(self) -> None:
        """A service that writes past its repository would not be noticed otherwise."""
        transactions = FakeTransactions()
        with pytest.raises(UnboundExecutionError):
            transactions.run(lambda session: session.add(Note()))
        assert [] == transactions.committed


class TestFakeAsyncTransactions:
    async def test_result_of_a_unit_is_recorded(self, transactions: FakeAsyncTransactions) -> None:
        """Results of plain and of async functions are recorded."""

        async def work(_: AsyncSession) -> int:
            return 8

        assert (7, 8) == (await transactions.run_sync(lambda _: 7), await transactions.run(work))
        assert ([7, 8], []) == (transactions.committed, transactions.rolled_back)

    async def test_error_of_a_unit_is_recorded(self, transactions: FakeAsyncTransactions) -> None:
        """The error is recorded and raised."""
        with pytest.raises(ConflictError) as raised:
            await transactions.run_sync(fail)
        assert ([], [raised.value]) == (transactions.committed, transactions.rolled_back)

    async def test_nested_unit_is_a_part_of_the_outer_one(self, transactions: FakeAsyncTransactions) -> None:
        """It sees the same session, and is committed with it."""

        async def outer(session: AsyncSession) -> bool:
            return await transactions.run_sync(lambda inner: inner is session.sync_session)

        assert await transactions.run(outer)
        assert [True] == transactions.committed

    async def test_query_fails_clearly(self, transactions: FakeAsyncTransactions) -> None:
        """There is no database behind the session."""
        with pytest.raises(UnboundExecutionError):
            await transactions.run_sync(query)


class TestRunOnce:
    async def test_work_is_done_once_for_each_key(self, transactions: FakeAsyncTransactions) -> None:
        """A request without a key is always done; a repeated one finds what was made."""
        ids = iter(range(1, 9))

        async def ask(key: str | None) -> Made:
            find = lambda _, key: Made(-key)  # noqa: E731
            return await transactions.run_once(key, "r", work=lambda _: Made(next(ids)), find=find)

        assert [1, 2, 3, -3] == [(await ask(key)).id for key in (None, None, "k", "k")]

    async def test_refusal_is_repeated(self, transactions: FakeAsyncTransactions) -> None:
        """Although the work would succeed by now; a refusal that asks to come back is not."""
        refusals = iter([ConflictError("taken")])

        def work(_: Session) -> Made:
            for refusal in refusals:
                raise refusal
            return Made(1)

        for _ in range(2):
            with pytest.raises(ConflictError, match="taken"):
                await transactions.run_once("k-1", "r", work=work, find=lambda _, key: Made(key))
        refusals = iter([RequestInFlightError()])
        with pytest.raises(RequestInFlightError):
            await transactions.run_once("k-2", "r", work=work, find=lambda _, key: Made(key))
        assert Made(1) == await transactions.run_once("k-2", "r", work=work, find=lambda _, key: Made(key))

    async def test_key_of_another_request_is_refused(self, transactions: FakeAsyncTransactions) -> None:
        """A reused key is refused, as with the real class."""
        await transactions.run_once("k", "one", work=lambda _: Made(1), find=lambda _, key: Made(key))
        with pytest.raises(KeyReusedError):
            await transactions.run_once("k", "two", work=lambda _: Made(2), find=lambda _, key: Made(key))
