"""Tells scopes how to treat SQLAlchemy's sessions: when a close has to wait, and whether it would lose changes."""

from collections.abc import Awaitable

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope.database.check import shared_sessions
from sessionscope.database.session import has_unsaved_changes, watch
from sessionscope.lifetimes.check import register_check
from sessionscope.lifetimes.transactional import transactional


class OfSession:
    """Treats a sync session. In a transaction, its close waits for the server and blocks the thread."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session
        watch(session)

    def is_idle(self) -> bool:
        """See `Transactional.is_idle`."""
        return not self._session.in_transaction()

    def blocks(self) -> bool:
        """See `Transactional.blocks`."""
        return self._session.in_transaction()

    def has_uncommitted_changes(self) -> bool:
        """See `Transactional.has_uncommitted_changes`."""
        return _has_changes(self._session)

    def close(self) -> None:
        """See `Transactional.close`."""
        self._session.close()

    def release(self) -> None:
        """See `Transactional.release`."""
        self._session.reset()


class OfAsyncSession:
    """Treats an async session. Its close is awaited, unless the session holds no connection."""

    __slots__ = ("_session",)

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        watch(session.sync_session)

    def is_idle(self) -> bool:
        """See `Transactional.is_idle`."""
        return not self._session.in_transaction()

    def blocks(self) -> bool:
        """See `Transactional.blocks`."""
        return False

    def has_uncommitted_changes(self) -> bool:
        """See `Transactional.has_uncommitted_changes`."""
        return _has_changes(self._session.sync_session)

    def close(self) -> Awaitable[None] | None:
        """See `Transactional.close`."""
        if self.is_idle():
            self._session.sync_session.close()
            return None
        return self._session.close()

    def release(self) -> Awaitable[None]:
        """See `Transactional.release`."""
        return self._session.reset()


def _has_changes(session: Session) -> bool:
    return bool(session.new or session.dirty or session.deleted) or has_unsaved_changes(session)


def register_sessions() -> None:
    """Tell scopes how to treat SQLAlchemy's sessions, and let `check_container` look for shared ones."""
    register_check(shared_sessions)
    transactional.register(Session, OfSession)
    transactional.register(AsyncSession, OfAsyncSession)
