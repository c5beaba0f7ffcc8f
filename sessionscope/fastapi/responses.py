"""Parts of responses that several endpoints share."""

from urllib.parse import quote

from fastapi import Request


def location_of(request: Request, key: object) -> str:
    """Return the path of the object that a POST to a list has made: the list's path, followed by *key*."""
    return f"{request.scope['path'].rstrip('/')}/{quote(str(key), safe='')}"
