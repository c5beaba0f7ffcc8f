"""One session per scope, for FastAPI and SQLAlchemy services that are wired by dependency-injector."""

import sessionscope.database  # noqa: F401 - whatever is imported first, scopes know how to treat sessions
