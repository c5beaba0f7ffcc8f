"""What `check_container` looks for on behalf of sessions."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from sessionscope.lifetimes.check import is_process_wide
from sessionscope.lifetimes.errors import Finding
from sessionscope.lifetimes.kinds import made_by
from sessionscope.lifetimes.names import named_providers


def shared_sessions(container: Any, _: Any) -> Iterator[Finding]:
    """Find providers of the process that give a session."""
    for name, provider in named_providers(container):
        if is_process_wide(provider) and _makes_session(provider):
            kind = type(provider).__name__
            yield Finding(name, f"provides a session by a {kind}, which all requests share", "Use ScopedResource")


def _makes_session(provider: Any) -> bool:
    made = made_by(provider)
    if made is None:
        return any(_is(made_by(given), sessionmaker, async_sessionmaker) for given in provider.args)
    parts = () if _is(made, sessionmaker, async_sessionmaker) else (made, *get_args(made))
    return any(_is(part, Session, AsyncSession) for part in parts)


def _is(made: Any, *classes: type[Any]) -> bool:
    made = get_origin(made) or made
    return isinstance(made, type) and issubclass(made, classes)
