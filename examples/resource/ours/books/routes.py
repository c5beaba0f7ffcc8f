"""The endpoints of /books/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from examples.resource.ours.books.schemas import BookIn, BookOut, BookPatch, BookQuery
from examples.resource.ours.dependencies import BooksDep
from sessionscope.errors import CONFLICT, NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, KeyInPath
from sessionscope.fastapi.problem_types import OUTCOME_UNKNOWN
from sessionscope.fastapi.problems import OF_BODIES, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/books", tags=["books"])


@router.post("/", status_code=201, dependencies=JSON_ONLY, responses=problems(*OF_BODIES, CONFLICT))
async def create_book(data: BookIn, books: BooksDep, request: Request, response: Response) -> BookOut:
    """Create a book. Its author must exist."""
    book = await books.create(data)
    response.headers["Location"] = location_of(request, book.id)
    return book


@router.get("/", responses=problems())
async def list_books(query: Annotated[BookQuery, Query()], books: BooksDep) -> Page[BookOut]:
    """List books with their authors, filtered and sorted."""
    return await books.page(query)


@router.get("/{book_id}", responses=problems(NOT_FOUND))
async def get_book(book_id: KeyInPath, books: BooksDep) -> BookOut:
    """Show a book with its author."""
    return await books.get(book_id)


@router.patch("/{book_id}", dependencies=JSON_ONLY, responses=problems(*OF_BODIES, NOT_FOUND, CONFLICT))
async def update_book(book_id: KeyInPath, data: BookPatch, books: BooksDep) -> BookOut:
    """Change the given values of a book."""
    return await books.update(book_id, data)


@router.delete("/{book_id}", status_code=204, responses=problems(NOT_FOUND, OUTCOME_UNKNOWN))
async def delete_book(book_id: KeyInPath, books: BooksDep) -> None:
    """Delete a book."""
    await books.delete(book_id)
