"""Parts of responses that several endpoints share."""

from fastapi import Request


def location_of(request: Request, key: int) -> str:
    """Return the path of the object that a POST to a list has made: the list's path, followed by *key*."""
    return f"{request.scope['path'].rstrip('/')}/{key}"
