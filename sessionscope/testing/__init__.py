"""A test kit for services. Each test gets a real database in a clean state, and leaks are found and reported.

Load it with one line in your ``conftest.py``: ``pytest_plugins = ["sessionscope.testing.plugin"]``.
"""

from sessionscope.testing.queries import QueryLog

__all__ = ["QueryLog"]
