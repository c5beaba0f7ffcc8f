"""The rules for notes."""

from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from app.notes.model import Note
from app.notes.schemas import NoteIn, NoteOut, NotePatch, NoteQuery
from sessionscope.database import AsyncReads
from sessionscope.errors import found
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page
from sessionscope.transactions import AsyncTransactions

_NOTES: Final = Projection(
    Note,
    NoteOut,
    filters={"title": Note.title == bindparam("title"), "created_after": Note.created_at > bindparam("created_after")},
)


class NoteService:
    """Creates, finds, changes and deletes notes. If there is no note with the given id, raises `NotFoundError`."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reads = reads

    async def page(self, query: NoteQuery) -> Page[NoteOut]:
        """Return the notes that match *query*."""
        return await _NOTES.page(self._reads, query)

    async def get(self, note_id: int) -> NoteOut:
        """Return the note."""
        return found(await _NOTES.get(self._reads, note_id), "note", note_id)

    async def create(self, data: NoteIn) -> NoteOut:
        """Create a note."""

        def create(session: Session) -> NoteOut:
            note = Note(**data.model_dump())
            session.add(note)
            session.flush()
            return NoteOut.model_validate(note)

        return await self._transactions.run_sync(create)

    async def update(self, note_id: int, data: NoteIn | NotePatch) -> NoteOut:
        """Set the values that *data* contains."""

        def update(session: Session) -> NoteOut:
            note = found(session.get(Note, note_id), "note", note_id)
            for name, value in data.model_dump(exclude_unset=True).items():
                setattr(note, name, value)
            session.flush()
            return NoteOut.model_validate(note)

        return await self._transactions.run_sync(update)

    async def delete(self, note_id: int) -> None:
        """Delete the note."""

        def delete(session: Session) -> None:
            session.delete(found(session.get(Note, note_id), "note", note_id))

        await self._transactions.run_sync(delete)
