"""Resilience tests bring their own databases, and take longer than other tests."""

from typing import Final

import pytest

TIMEOUT_SECONDS: Final = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each resilience test no database of the kit, and a longer timeout."""
    for item in items:
        if item.get_closest_marker("resilience") is not None:
            item.add_marker(pytest.mark.isolation("none"))
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
