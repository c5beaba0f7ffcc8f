"""The containers are complete and typed."""

from typing import assert_type

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from app.users.service import UserService
from containers import ApplicationContainer, scope
from sessionscope.database.session import AsyncReadSession, ReadSession
from sessionscope.lifetimes.names import named_providers
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions

DATABASE = {
    "settings",
    "engine",
    "async_engine",
    "session_factory",
    "async_session_factory",
    "session",
    "async_session",
    "read_session",
    "async_read_session",
    "reads",
    "async_reads",
    "transactions",
    "async_transactions",
}
APPLICATION = {
    "settings",
    "database",
    "users",
    "posts",
    "accounts",
    "transfers",
    "reports",
    "passwords",
    "idempotent_transactions",
}


class TestProviders:
    def test_containers_have_the_promised_names(self, container: ApplicationContainer) -> None:
        """Other code relies on these names."""
        names = {name for name, _ in named_providers(container)}
        assert APPLICATION | {f"database.{name}" for name in DATABASE} <= names

    async def test_every_one_resolves(self, container: ApplicationContainer) -> None:
        """Every provider can make its object."""
        async with scope():
            assert all(provider() is not None for _, provider in named_providers(container))

    async def test_services_share_the_scopes_session(self, container: ApplicationContainer) -> None:
        """Each use builds a new service, and all share the scope's session."""
        async with scope():
            assert container.users() is not container.users()
            users, posts = container.users()._transactions, container.posts()._transactions
            assert await users.run_sync(id) == await posts.run_sync(id)


class TestTypes:
    async def test_a_type_checker_knows_what_is_provided(self, container: ApplicationContainer) -> None:
        """Providers are typed through the nested container."""
        async with scope():
            assert_type(container.database.engine(), Engine)
            assert_type(container.database.async_engine(), AsyncEngine)
            assert_type(container.database.session(), Session)
            assert_type(container.database.async_session(), AsyncSession)
            assert_type(container.database.read_session(), ReadSession)
            assert_type(container.database.async_read_session(), AsyncReadSession)
            assert_type(container.database.transactions(), Transactions)
            assert_type(container.database.async_transactions(), AsyncTransactions)
            assert_type(container.users(), UserService)

    @pytest.mark.parametrize("name", ["session", "async_session", "read_session", "async_read_session"])
    async def test_the_objects_are_of_those_types(self, container: ApplicationContainer, name: str) -> None:
        """The objects have the annotated types."""
        kinds = {
            "session": Session,
            "async_session": AsyncSession,
            "read_session": ReadSession,
            "async_read_session": AsyncReadSession,
        }
        async with scope():
            assert isinstance(getattr(container.database, name)(), kinds[name])
