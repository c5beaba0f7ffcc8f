"""One session per scope, for FastAPI and SQLAlchemy services that are wired by dependency-injector."""
