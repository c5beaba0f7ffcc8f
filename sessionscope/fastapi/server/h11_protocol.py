"""uvicorn's h11 protocol, for where httptools is not installed; h11 has a limit on headers of its own."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from sessionscope.fastapi.server.ending import GivesUpUploads


class EndingH11Protocol(GivesUpUploads, H11Protocol):
    """Gives up uploads when the server ends."""
