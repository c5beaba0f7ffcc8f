"""The endpoints of /notes/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import NotesDep
from app.notes.schemas import NoteIn, NoteOut, NotePatch, NoteQuery
from sessionscope.errors import NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, KeyInPath
from sessionscope.fastapi.problem_types import OUTCOME_UNKNOWN
from sessionscope.fastapi.problems import OF_BODIES, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/notes", tags=["notes"])


@router.post("/", status_code=201, dependencies=JSON_ONLY, responses=problems(*OF_BODIES))
async def create_note(data: NoteIn, notes: NotesDep, request: Request, response: Response) -> NoteOut:
    """Create a note."""
    note = await notes.create(data)
    response.headers["Location"] = location_of(request, note.id)
    return note


@router.get("/", responses=problems())
async def list_notes(query: Annotated[NoteQuery, Query()], notes: NotesDep) -> Page[NoteOut]:
    """List notes, filtered and sorted."""
    return await notes.page(query)


@router.get("/{note_id}", responses=problems(NOT_FOUND))
async def get_note(note_id: KeyInPath, notes: NotesDep) -> NoteOut:
    """Show a note."""
    return await notes.get(note_id)


@router.put("/{note_id}", dependencies=JSON_ONLY, responses=problems(*OF_BODIES, NOT_FOUND))
async def replace_note(note_id: KeyInPath, data: NoteIn, notes: NotesDep) -> NoteOut:
    """Replace every value of a note."""
    return await notes.update(note_id, data)


@router.patch("/{note_id}", dependencies=JSON_ONLY, responses=problems(*OF_BODIES, NOT_FOUND))
async def update_note(note_id: KeyInPath, data: NotePatch, notes: NotesDep) -> NoteOut:
    """Change the given values of a note."""
    return await notes.update(note_id, data)


@router.delete("/{note_id}", status_code=204, responses=problems(NOT_FOUND, OUTCOME_UNKNOWN))
async def delete_note(note_id: KeyInPath, notes: NotesDep) -> None:
    """Delete a note."""
    await notes.delete(note_id)
