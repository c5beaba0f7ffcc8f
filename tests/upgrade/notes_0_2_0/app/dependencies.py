"""The dependencies that endpoints use, which come from the container."""

from typing import Annotated

from fastapi import Depends

from app.notes.service import NoteService
from containers import ApplicationContainer, Provide

NotesDep = Annotated[NoteService, Depends(Provide[ApplicationContainer.notes])]
