"""The types of the public API, in code as users write it; mypy and pyright run this, and nobody else."""

from typing import Annotated, assert_type

from dependency_injector import containers, providers
from fastapi import APIRouter, Depends
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, sessionmaker

from sessionscope import Provide, Scope, ScopedResource, Setting, Shared, current_scope, nested, scope
from sessionscope.database import create_table, init_db, ping, table_exists
from sessionscope.database.reads import AsyncReads
from sessionscope.database.session import AsyncReadSession, ReadSession
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.overrides import Override
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions
from tests.sessionscope.service.containers import DatabaseContainer
from tests.sessionscope.service.models import User
from tests.sessionscope.service.settings import Settings


class UserRepository:
    """Finds users."""

    def __init__(self, session: Session) -> None:
        self.session = session


class UserService:
    """Creates users."""

    def __init__(self, users: UserRepository, transactions: AsyncTransactions) -> None:
        self.users = users
        self.transactions = transactions


def open_session(factory: sessionmaker[Session]) -> Session:
    """Return a session, which the scope closes."""
    return factory()


class Container(containers.DeclarativeContainer):
    """A container of each kind of provider."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)
    name = Setting[str](instance_of=str, default="ann")
    session = ScopedResource[Session](open_session, database.session_factory)
    inferred_session = ScopedResource(open_session, database.session_factory)
    repository = providers.Factory(UserRepository, database.session)
    users = providers.Factory(UserService, repository, database.async_transactions)


UsersDep = Annotated[UserService, Depends(Provide[Container.users])]
router = APIRouter()


@router.get("/users/{user_id}")
async def endpoint(user_id: int, users: UsersDep) -> str:
    """Take a service."""
    assert_type(users, UserService)
    return f"{users} {user_id}"


def providers_give_what_they_say(container: Container) -> None:
    """A provider has the type of what it gives."""
    assert_type(container.settings(), Settings)
    assert_type(container.name(), str)
    assert_type(container.session(), Session)
    assert_type(container.inferred_session(), Session)
    assert_type(container.users(), UserService)


def nested_containers_keep_their_types(container: Container) -> None:
    """The providers inside do, too."""
    assert_type(container.database, DatabaseContainer)
    assert_type(container.database.settings(), DatabaseSettings)
    assert_type(container.database.engine(), Engine)
    assert_type(container.database.async_engine(), AsyncEngine)
    assert_type(container.database.session_factory()(), Session)
    assert_type(container.database.session(), Session)
    assert_type(container.database.async_session(), AsyncSession)
    assert_type(container.database.read_session(), ReadSession)
    assert_type(container.database.async_read_session(), AsyncReadSession)
    assert_type(container.database.transactions(), Transactions)
    assert_type(container.database.async_transactions(), AsyncTransactions)
    assert_type(container.database.async_reads(), AsyncReads)


def overriding(container: Container) -> None:
    """A provider is overridden for a block."""
    with container.users.override(object()), container.database.session.override(providers.Factory(Session)):
        assert_type(container.users(), UserService)


class FakeUsers:
    """Need not be a subclass of what it replaces."""

    calls = 0


def overriding_in_a_test(override: Override, container: Container) -> None:
    """The provider is one of a class or of an instance, or a name; the fake is returned as it is."""
    assert_type(override(Container.users, FakeUsers()), FakeUsers)
    assert_type(override(container.users, FakeUsers(), partial=True).calls, int)
    assert_type(override(Container.database.session, providers.Factory(Session)), providers.Factory[Session])
    assert_type(override("users", FakeUsers()), FakeUsers)


def count(session: Session) -> int:
    """Count the users."""
    return session.scalar(select(func.count()).select_from(User)) or 0


async def async_count(session: AsyncSession) -> int:
    """Count the users, asynchronously."""
    return await session.run_sync(count)


def first(connection: Connection) -> str | None:
    """Return the name of a user."""
    return connection.scalar(select(User.username))


def units_return_what_their_work_does(container: Container) -> None:
    """A unit of work, and the scope around it."""
    with scope() as opened:
        assert_type(opened, Scope)
        assert_type(current_scope(), Scope)
        assert_type(container.database.transactions().run(count), int)
        assert_type(container.database.transactions().run(lambda session: session.get(User, 1)), User | None)


async def async_units_and_reads_do_as_well(container: Container) -> None:
    """So do async units, sync functions in them, and reads."""
    async with scope() as opened:
        assert_type(opened, Scope)
        assert_type(await container.database.async_transactions().run(async_count), int)
        assert_type(await container.database.async_transactions().run_sync(count, idempotent=True), int)
        assert_type(await container.database.async_reads().read(first), str | None)


async def schema_functions_follow_the_engine(engine: Engine, async_engine: AsyncEngine) -> None:
    """With an async engine they are awaited."""
    assert_type(ping(engine), bool)
    assert_type(await ping(async_engine), bool)
    assert_type(table_exists(engine, "users"), bool)
    assert_type(await table_exists(async_engine, "users"), bool)
    init_db(engine)
    await init_db(async_engine)
    await create_table(async_engine, "users")
