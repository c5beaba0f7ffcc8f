"""How Alembic reaches the database: the settings' URL, or one that the caller gives."""

from typing import Any

from alembic import context
from sqlalchemy import NullPool, make_url

from app.database.engine import build_engine
from app.models import User
from config import DatabaseSettings, Settings

config = context.config


def settings() -> DatabaseSettings:
    url = config.attributes.get("url")
    if url is not None:
        return DatabaseSettings(url=url.render_as_string(hide_password=False))
    return Settings().database


def configure(**options: Any) -> None:
    context.configure(
        # Any class will do: importing one imports all.
        target_metadata=User.metadata,
        # SQLite changes a table by making another; the others ignore this.
        render_as_batch=True,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        user_module_prefix="app.database.types.",
        **options,
    )


def run_offline() -> None:
    configure(url=make_url(settings().url), literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = build_engine(settings(), poolclass=NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A batch drops the old table, which must not take the rows that refer to it along.
            # It can't be switched in a transaction.
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
