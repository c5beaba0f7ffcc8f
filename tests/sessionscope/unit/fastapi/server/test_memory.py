"""Garbage collection of a process that serves."""

import gc
from collections.abc import Iterator

import pytest

from sessionscope.fastapi.server.memory import OBJECTS_BETWEEN_COLLECTIONS, settle


@pytest.fixture(autouse=True)
def collect_as_usual() -> Iterator[None]:
    """Undo what the test changes for the whole process."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_long_lived_objects_are_frozen() -> None:
    """Later collections skip these objects."""
    frozen = gc.get_freeze_count()
    settle()
    assert gc.get_freeze_count() > frozen
    assert OBJECTS_BETWEEN_COLLECTIONS == gc.get_threshold()[0]
