"""The files of the page. Nothing is fetched from another server."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from fastapi import Response
from pydantic import BaseModel

from sessionscope.observe.wiring.svg.style import style

_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def read_files() -> dict[str, bytes]:
    """Return the files by name. They are read once: a thread that reads may have to wait for others."""
    folder = files("sessionscope.observe.console").joinpath("static")
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    return found | {"wiring.css": style().encode()}


def file_response(name: str, content: bytes) -> Response:
    """Return a file."""
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=HEADERS)


def json_response(body: BaseModel) -> Response:
    """Return *body* as JSON."""
    return Response(body.model_dump_json(), media_type="application/json", headers=HEADERS)
