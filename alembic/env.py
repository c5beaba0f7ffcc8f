"""How Alembic reaches the database: by the settings' URL, or by what the caller gives."""

from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, make_url

from app.database.engine import build_engine
from app.database.url import DRIVERS
from app.models import User
from config import ConfigurationError, DatabaseSettings, Settings

config = context.config


def settings() -> DatabaseSettings:
    url = config.attributes.get("url")
    if url is not None:
        return DatabaseSettings(url=url.render_as_string(hide_password=False))
    try:
        return Settings().database
    except ConfigurationError as error:
        # The one error that the `alembic` command tells without a traceback.
        raise CommandError(str(error)) from None


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
        on_version_apply=refuse_orphans,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def refuse_orphans(ctx: Any, *_: Any, **__: Any) -> None:
    # What SQLite does not look at while foreign keys are off; raising here undoes the migration.
    if ctx.dialect.name == "sqlite" and not ctx.as_sql:
        orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise CommandError(f"rows of {orphans[0][0]} refer to rows of {orphans[0][2]} that are not there")


def migrate_offline() -> None:
    url = make_url(settings().url)
    # The names that only we know, as postgres, in words that SQLAlchemy knows; no driver need be installed.
    url = url.set(drivername=DRIVERS[url.drivername].sync)
    configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})


def migrate_online() -> None:
    engine = build_engine(settings(), poolclass=NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A batch drops the old table, which must not take the rows that refer to it along.
            # It can't be switched in a transaction.
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        configure(connection=connection)
    engine.dispose()


given: Connection | None = config.attributes.get("connection")
if context.is_offline_mode():
    migrate_offline()
elif given is not None:
    configure(connection=given)
else:
    migrate_online()
