"""Engines, sessions and schema. This package uses neither dependency injection nor a web framework."""

from sessionscope.database.base import Base
from sessionscope.database.health import ping
from sessionscope.database.schema import create_table, drop_db, drop_table, init_db, table_exists
from sessionscope.database.scoped import register_sessions

__all__ = ["Base", "create_table", "drop_db", "drop_table", "init_db", "ping", "table_exists"]

register_sessions()
