"""A container whose units of work soon give up."""

from collections.abc import AsyncIterator

import pytest

from sessionscope import close_container
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Base
from tests.sessionscope.service.settings import Settings


@pytest.fixture(name="impatient")
async def _impatient() -> AsyncIterator[ApplicationContainer]:
    """Give a container whose units wait a fifth of a second, and are not run again."""
    values = DatabaseSettings(url="sqlite:///:memory:", lock_timeout=0.2, transaction_attempts=1)
    container = ApplicationContainer(settings=Settings(database=values))
    Base.metadata.create_all(container.database.engine())
    yield container
    await close_container(container)
