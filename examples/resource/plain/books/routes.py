"""The endpoints of /books/."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from examples.resource.plain.books.model import Book
from examples.resource.plain.books.schemas import BookIn, BookOut, BookPage, BookPatch, BookQuery
from examples.resource.plain.database import Author, SessionDep

router = APIRouter(prefix="/books", tags=["books"])


@router.post("/", status_code=201, response_model=BookOut)
async def create_book(data: BookIn, session: SessionDep, request: Request, response: Response) -> Book:
    """Create a book. Its author must exist."""
    book = Book(**data.model_dump())
    session.add(book)
    await save_book(session, book)
    response.headers["Location"] = f"{request.url.path}{book.id}"
    return book


@router.get("/", response_model=BookPage)
async def list_books(query: Annotated[BookQuery, Query()], session: SessionDep) -> dict[str, Any]:
    """List books with their authors, filtered and sorted."""
    statement = select(Book)
    if query.title is not None:
        statement = statement.where(Book.title == query.title)
    if query.author_id is not None:
        statement = statement.where(Book.author_id == query.author_id)
    if query.created_after is not None:
        statement = statement.where(Book.created_at > query.created_after)
    total = await session.scalar(select(func.count()).select_from(statement.subquery()))
    column = getattr(Book, query.sort.removeprefix("-"))
    statement = statement.order_by(column.desc() if query.sort.startswith("-") else column, Book.id)
    statement = statement.options(joinedload(Book.author)).limit(query.limit).offset(query.offset)
    books = await session.scalars(statement)
    return {"items": books.all(), "total": total, "limit": query.limit, "offset": query.offset}


@router.get("/{book_id}", response_model=BookOut)
async def get_book(book_id: int, session: SessionDep) -> Book:
    """Show a book with its author."""
    return await find_book(session, book_id)


@router.patch("/{book_id}", response_model=BookOut)
async def update_book(book_id: int, data: BookPatch, session: SessionDep) -> Book:
    """Change the given values of a book."""
    book = await find_book(session, book_id)
    for name, value in data.model_dump(exclude_unset=True).items():
        setattr(book, name, value)
    await save_book(session, book)
    return book


@router.delete("/{book_id}", status_code=204)
async def delete_book(book_id: int, session: SessionDep) -> None:
    """Delete a book."""
    await session.delete(await find_book(session, book_id))
    await session.commit()


async def find_book(session: AsyncSession, book_id: int) -> Book:
    """Return the book with its author, or raise a 404."""
    book = await session.get(Book, book_id, options=[joinedload(Book.author)])
    if book is None:
        raise HTTPException(404, f"there is no book {book_id}")
    return book


async def save_book(session: AsyncSession, book: Book) -> None:
    """Save the book and load its author, or raise a 409."""
    with session.no_autoflush:
        author = await session.get(Author, book.author_id)
    if author is None:
        raise HTTPException(409, "there is no such author")
    try:
        await session.commit()
    except IntegrityError as error:
        raise HTTPException(409, "a book with this ISBN exists") from error
    await session.refresh(book, ["author", "updated_at"])
