"""Two databases for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from containers import close_container
from tests.integration.containers.places import Places
from tests.testkit.kit import Kit


@pytest.fixture(name="places")
async def _places(kit: Kit, tmp_path: Path) -> AsyncGenerator[Places, None]:
    """Give the two databases, and close what was built for them."""
    places = Places(kit.template, tmp_path)
    yield places
    places.own.unwire()
    await close_container(places.own)
    await close_container(places.other)
