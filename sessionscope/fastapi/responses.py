"""What responses have in common."""

from fastapi import Request


def location_of(request: Request, key: int) -> str:
    """Return the path of what a POST to a list has made there: the list's own, and the key."""
    return f"{request.scope['path'].rstrip('/')}/{key}"
