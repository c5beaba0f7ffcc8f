"""Mistakes that a type checker finds.

Each comment is an error that mypy must find, by its code; pyright must find one in the same line.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from sqlalchemy.ext.asyncio import AsyncSession

from sessionscope import ScopedResource, Shared, scope
from sessionscope.testing.overrides import Override
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.services import UserService
from tests.sessionscope.types.usage import async_count, count, first, open_session


def take_async(session: AsyncSession) -> None:
    """Take an async session."""
    session.expunge_all()


def take_name(name: str) -> None:
    """Take a name."""
    name.casefold()


def a_sync_session_is_no_async_one(container: ApplicationContainer) -> None:
    """The providers of a nested container keep their types."""
    take_async(container.database.session())  # type: ignore[arg-type]
    take_async(container.database.async_engine())  # type: ignore[arg-type]
    take_name(container.users())  # type: ignore[arg-type]


def a_provider_makes_what_it_says() -> None:
    """The type in brackets is that of the recipe's result."""
    ScopedResource[UserService](open_session)  # type: ignore[arg-type]
    Shared[UserService](open_session)  # type: ignore[arg-type]


async def a_unit_takes_a_function_of_its_own_session(container: ApplicationContainer) -> None:
    """Sync work goes to `run_sync`, a visit to `read`."""
    take_name(container.database.transactions().run(first))  # type: ignore[arg-type]
    await container.database.async_transactions().run(count)  # type: ignore[arg-type]
    await container.database.async_transactions().run_sync(first)  # type: ignore[arg-type]
    await container.database.async_reads().read(count)  # type: ignore[arg-type]


async def a_unit_returns_what_its_work_does(container: ApplicationContainer) -> None:
    """A number can't be used as a name."""
    take_name(container.database.transactions().run(count))  # type: ignore[arg-type]
    take_name(await container.database.async_transactions().run(async_count))  # type: ignore[arg-type]
    take_name(await container.database.async_transactions().run_sync(count))  # type: ignore[arg-type]
    take_name(await container.database.async_reads().read(first))  # type: ignore[arg-type]


def a_scope_is_no_session() -> None:
    """It gives nothing that a session has."""
    with scope() as session:
        session.add(object())  # type: ignore[attr-defined]


def a_test_overrides_a_provider(override: Override) -> None:
    """A misspelt provider, or a class in its place, is found before the test runs."""
    override(ApplicationContainer.usrs, object())  # type: ignore[attr-defined]
    override(UserService, object())  # type: ignore[arg-type]
    take_name(override(ApplicationContainer.users, 7))  # type: ignore[arg-type]
