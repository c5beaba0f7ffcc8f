"""Engines, sessions, reads and the schema of one database. It knows neither our tables nor FastAPI."""

from sessionscope.database.base import Base
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.factories import (
    AsyncReadSessionFactory,
    AsyncSessionFactory,
    ReadSessionFactory,
    SessionFactory,
)
from sessionscope.database.health import ping
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.reads import AsyncReads, Reads
from sessionscope.database.schema import create_table, drop_db, drop_table, init_db, table_exists
from sessionscope.database.scoped import register_sessions
from sessionscope.database.session import AsyncReadSession, ReadSession, open_session
from sessionscope.database.sources import Writes

__all__ = [
    "AsyncReadSession",
    "AsyncReadSessionFactory",
    "AsyncReads",
    "AsyncSessionFactory",
    "Base",
    "DatabaseLocation",
    "ReadSession",
    "ReadSessionFactory",
    "Reads",
    "SessionFactory",
    "Writes",
    "build_async_engine",
    "build_engine",
    "create_table",
    "drop_db",
    "drop_table",
    "init_db",
    "open_session",
    "ping",
    "table_exists",
]

register_sessions()
