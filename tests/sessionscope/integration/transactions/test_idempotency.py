"""Idempotent units of work over tables of any service."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import StaticPool, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sessionscope.errors import BusyError, ConflictError, NotFoundError, ProblemType, RequestInFlightError, found
from sessionscope.testing.fakes import FakeAsyncTransactions
from sessionscope.transactions.idempotency import IdempotencyKeyColumns, IdempotentTransactions
from sessionscope.transactions.options import TransactionOptions

T = TypeVar("T")
UNKNOWN: Final = UUID("8e03978e-40d5-43e8-bc93-6894a57f9324")


class Base(DeclarativeBase):
    pass


class Key(IdempotencyKeyColumns, Base):
    __tablename__ = "keys"


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)


class SoldOutError(ConflictError):
    """An error with its own kind and constructor."""

    kind: ClassVar[ProblemType] = ProblemType("sold-out", 409, "Sold out", "There are no more.")

    def __init__(self, item: str, left: int, /) -> None:
        self.item, self.left = item, left

    def __str__(self) -> str:
        return f"{self.left} of {self.item} are left"


class TakenError(ConflictError):
    """An error without additions."""


class NoNoteError(NotFoundError):
    """An error with its own constructor, but without its own kind."""

    def __init__(self, note_id: int, /) -> None:
        super().__init__("note", note_id)


class OneSession(FakeAsyncTransactions):
    """Runs every unit on one real session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    async def run_sync(
        self,
        work: Callable[[Session], T],
        options: TransactionOptions = TransactionOptions(),  # noqa: ARG002, B008
        *,
        idempotent: bool = False,  # noqa: ARG002
    ) -> T:
        """Commit what *work* does."""
        with self.session.begin():
            return work(self.session)


@pytest.fixture(name="session")
def _session() -> Generator[Session, None, None]:
    """Give a session on a database with the two tables."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


class Asked:
    """Runs units with one key, and counts how often the work is done."""

    def __init__(self, session: Session) -> None:
        self._transactions = IdempotentTransactions(OneSession(session), Key)
        self._session = session
        self.count = 0

    async def ask(self, error: Exception | None = None) -> Note:
        """Make a note, or refuse."""

        def work(session: Session) -> Note:
            self.count += 1
            if error is not None:
                raise error
            note = Note()
            session.add(note)
            session.flush()
            return note

        return await self._transactions.run_once("k-1", "note", work=work, find=find)

    def kept(self) -> Any:
        """Return the answers that are kept."""
        with self._session.begin():
            return [json.loads(answer) for answer in self._session.scalars(select(Key.answer)) if answer]


@dataclass
class Parcel:
    """Something with a UUID."""

    id: UUID


def find(session: Session, note_id: int) -> Note:
    """Return the note."""
    return found(session.get(Note, note_id), "note", note_id)


@pytest.fixture(name="asked")
def _asked(session: Session) -> Asked:
    """Give a client that asks twice."""
    return Asked(session)


class TestRunOnce:
    async def test_work_is_done_once(self, asked: Asked) -> None:
        """The second request finds what the first one made."""
        first, second = await asked.ask(), await asked.ask()
        assert (first.id, 1) == (second.id, asked.count)

    async def test_uuid_comes_as_its_text(self, session: Session) -> None:
        """An answer is JSON, which has no UUIDs."""
        transactions, looked_for = IdempotentTransactions(OneSession(session), Key), []

        def look(_: Session, key: Any) -> Parcel:
            looked_for.append(key)
            return Parcel(UUID(key))

        for _ in range(2):
            parcel = await transactions.run_once("k-1", "parcel", work=lambda _: Parcel(UNKNOWN), find=look)
            assert UNKNOWN == parcel.id
        assert [str(UNKNOWN)] == looked_for

    @pytest.mark.parametrize(
        ("error", "kept", "again"),
        [
            (NotFoundError("user", 7), {"not_found": ["user", 7]}, NotFoundError),
            (ConflictError("taken"), {"conflict": "taken"}, ConflictError),
            (NotFoundError("user", UNKNOWN), {"not_found": ["user", str(UNKNOWN)]}, NotFoundError),
            (SoldOutError("chairs", 1), {"sold_out": ["chairs", 1]}, SoldOutError),
            (TakenError("taken"), {"conflict": "taken"}, ConflictError),
        ],
        ids=["not found", "conflict", "UUID", "own kind", "parent's kind"],
    )
    async def test_refusal_is_kept_and_raised_again(
        self, asked: Asked, error: Exception, kept: Any, again: type[Exception]
    ) -> None:
        """By the code of its kind and its arguments; a subclass without a kind counts as its parent."""
        with pytest.raises(type(error)):
            await asked.ask(error)
        assert ([kept], 1) == (asked.kept(), asked.count)
        with pytest.raises(again) as raised:
            await asked.ask()
        assert (again, str(error)) == (raised.type, str(raised.value))
        assert json.loads(json.dumps(error.args, default=str)) == list(raised.value.args)
        assert 1 == asked.count

    @pytest.mark.parametrize(
        "error", [RequestInFlightError(), NoNoteError(3), BusyError("busy")], ids=lambda error: type(error).__name__
    )
    async def test_other_refusal_is_not_kept(self, asked: Asked, error: Exception) -> None:
        """A refusal with Retry-After, or one that can't be rebuilt from its arguments, leaves the key free."""
        with pytest.raises(type(error)):
            await asked.ask(error)
        assert [] == asked.kept()
        assert 1 == (await asked.ask()).id

    async def test_answer_of_an_unknown_error_is_named(self, asked: Asked, session: Session) -> None:
        """A release that lacks the class can't answer, and says why."""
        with pytest.raises(ConflictError):
            await asked.ask(ConflictError("taken"))
        with session.begin():
            session.scalars(select(Key)).one().answer = json.dumps({"removed_error": [1]})
        with pytest.raises(LookupError, match="removed_error"):
            await asked.ask()
