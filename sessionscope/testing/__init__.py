"""A test kit for services wired like this one: real databases, rolled back or thrown away, and nothing leaks.

One line in a ``conftest.py`` loads it: ``pytest_plugins = ["sessionscope.testing.plugin"]``.
"""

from sessionscope.testing.queries import QueryLog

__all__ = ["QueryLog"]
