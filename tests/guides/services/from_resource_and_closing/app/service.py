from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Note


class NoteService:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add(self, text: str) -> Note:
        note = Note(text=text)
        self.session.add(note)
        await self.session.flush()
        return note

    async def count(self, text: str) -> int:
        return await self.session.scalar(select(func.count()).where(Note.text == text)) or 0

    async def all(self) -> Sequence[Note]:
        return (await self.session.scalars(select(Note).order_by(Note.id))).all()
