"""Two databases for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sessionscope import close_container
from sessionscope.testing.kit import Kit
from tests.sessionscope.integration.lifetimes.places import Places


@pytest.fixture(name="places")
async def _places(kit: Kit, tmp_path: Path) -> AsyncGenerator[Places, None]:
    """Give the two databases, and close what was built for them."""
    places = Places(kit.template, tmp_path)
    yield places
    await close_container(places.own)
    await close_container(places.other)
