from typing import Annotated

from dependency_injector.wiring import Closing, Provide, inject
from fastapi import APIRouter, Depends, HTTPException

from app.containers import Container
from app.service import NoteService

router = APIRouter(prefix="/notes")

NotesDep = Annotated[NoteService, Depends(Closing[Provide[Container.notes]])]


@router.post("/", status_code=201)
@inject
async def add_note(text: str, notes: NotesDep) -> int:
    note = await notes.add(text)
    if await notes.count(text) > 1:
        raise HTTPException(409, "there is such a note")
    return note.id


@router.get("/")
@inject
async def list_notes(notes: NotesDep) -> list[str]:
    return [note.text for note in await notes.all()]
