"""The rules for books."""

from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from examples.resource.ours.books.model import Book
from examples.resource.ours.books.schemas import BookIn, BookOut, BookPatch, BookQuery
from sessionscope.database import AsyncReads
from sessionscope.database.base import assign
from sessionscope.database.conflicts import Conflicts
from sessionscope.errors import found
from sessionscope.reading.projections import Projection
from sessionscope.reading.schemas import Page
from sessionscope.transactions import AsyncTransactions

_BOOKS: Final = Projection(
    Book,
    BookOut,
    filters={
        "title": Book.title == bindparam("title"),
        "author_id": Book.author_id == bindparam("author_id"),
        "created_after": Book.created_at > bindparam("created_after"),
    },
)
_CONFLICTS: Final = Conflicts(unique="a book with this ISBN exists", foreign_key="there is no such author")


class BookService:
    """Creates, finds, changes and deletes books. If there is no book with the given id, raises `NotFoundError`."""

    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reads = reads

    async def page(self, query: BookQuery) -> Page[BookOut]:
        """Return the books that match *query*."""
        return await _BOOKS.page(self._reads, query)

    async def get(self, book_id: int) -> BookOut:
        """Return the book."""
        return found(await _BOOKS.get(self._reads, book_id), "book", book_id)

    async def create(self, data: BookIn) -> BookOut:
        """Create a book."""

        def create(session: Session) -> BookOut:
            book = Book(**data.model_dump())
            session.add(book)
            return _shown(session, book)

        with _CONFLICTS:
            return await self._transactions.run_sync(create)

    async def update(self, book_id: int, data: BookPatch) -> BookOut:
        """Set the values that *data* contains."""

        def update(session: Session) -> BookOut:
            book = found(session.get(Book, book_id), "book", book_id)
            assign(book, data.model_dump(exclude_unset=True))
            return _shown(session, book)

        with _CONFLICTS:
            return await self._transactions.run_sync(update)

    async def delete(self, book_id: int) -> None:
        """Delete the book."""

        def delete(session: Session) -> None:
            session.delete(found(session.get(Book, book_id), "book", book_id))

        await self._transactions.run_sync(delete)


def _shown(session: Session, book: Book) -> BookOut:
    session.flush()
    return found(_BOOKS.find(session.connection(), book.id), "book", book.id)
