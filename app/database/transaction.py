"""One unit of work: a fresh transaction, committed when the block ends, undone when it raises."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.database.sqlite import WRITES


@contextmanager
def transaction(session: Session) -> Generator[Session, None, None]:
    """Run the block as one transaction that writes.

    Raises:
        InvalidRequestError: The session has begun a transaction already, whose snapshot would be an old one.
    """
    with session.begin():
        session.connection(execution_options={WRITES: True})
        yield session


@asynccontextmanager
async def async_transaction(session: AsyncSession) -> AsyncGenerator[AsyncSession, None]:
    """Run the block as one transaction that writes; errors as `transaction`."""
    async with session.begin():
        await session.connection(execution_options={WRITES: True})
        yield session
