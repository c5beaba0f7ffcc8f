"""How Alembic reaches the database: by the settings' URL, or by what the caller gives."""

from contextlib import nullcontext
from importlib import import_module
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from config import DatabaseSettings, Settings
from sessionscope.database import Base
from sessionscope.database.options import WRITES
from sessionscope.database.url import DRIVERS
from sessionscope.migrations.connecting import Limits, connected, refuse_orphans
from sessionscope.migrations.locking import turn
from sessionscope.settings import ConfigurationError

# Each model adds its table to Base.metadata when it is imported.
import_module("app.models")

config = context.config


def settings() -> DatabaseSettings:
    url = config.attributes.get("url")
    if url is not None:
        return DatabaseSettings(url=url)
    try:
        return config.attributes.get("settings") or Settings().database
    except ConfigurationError as error:
        # The one error that the `alembic` command tells without a traceback.
        raise CommandError(str(error)) from None


def configure(**options: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        # SQLite changes a table by making another; the others ignore this.
        render_as_batch=True,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        user_module_prefix="sessionscope.database.types.",
        on_version_apply=refuse_orphans,
        **options,
    )


def run() -> None:
    with context.begin_transaction():
        context.run_migrations()


def migrate_offline() -> None:
    url = settings().url.get_secret_value()
    # The names that only we know, as postgres, in words that SQLAlchemy knows; no driver need be installed.
    url = url.set(drivername=DRIVERS[url.drivername].sync)
    configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    run()


def migrate_online(limits: Limits) -> None:
    with connected(settings(), limits) as connection:
        configure(connection=connection)
        only_looks = context.get_context().opts.get("dont_mutate")
        # So that SQLite takes the write lock first, for which it can wait.
        connection.execution_options(**{WRITES: not only_looks})
        with nullcontext() if only_looks else turn(connection, limits.patience):
            run()


given: Connection | None = config.attributes.get("connection")
if context.is_offline_mode():
    migrate_offline()
elif given is not None:
    configure(connection=given)
    run()
else:
    migrate_online(config.attributes.get("limits") or Limits())
