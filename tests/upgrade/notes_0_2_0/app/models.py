"""All mapped classes. Importing this module completes `Base.metadata`."""

from app.notes.model import Note

__all__ = ["Note"]
