"""The work of ``alembic/env.py``: it runs the migrations on a database, or writes their SQL."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Literal, Protocol

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from sessionscope.database.options import WRITES
from sessionscope.database.types import UtcDateTime
from sessionscope.database.url import DRIVERS
from sessionscope.migrations.connecting import Limits, connected, refuse_faults
from sessionscope.migrations.locking import turn
from sessionscope.settings import ConfigurationError, DatabaseSettings


class HasDatabase(Protocol):
    """The settings of a service, with a section for its database."""

    @property
    def database(self) -> DatabaseSettings:
        """Return the database section."""
        ...


# Reads the settings of a service with one database, or those of a database.
ReadSettings = Callable[[], HasDatabase | DatabaseSettings]


def run(metadata: MetaData, settings: ReadSettings) -> None:
    """Run the current Alembic command. Call this in ``env.py``.

    The attributes that `sessionscope.migrations.running.configuration` sets in Alembic's configuration take
    precedence: the ``url`` or the ``settings`` of a database, ``limits``, and ``must_exist``, which makes a missing
    SQLite file an error. If the caller passes a ``connection``, it is used unchanged.

    Args:
        metadata: The tables that the models declare.
        settings: Reads the settings for the ``alembic`` command: those of the service, whose section `database` is
            used, or those of another database, as in ``lambda: Settings().archive``.

    Raises:
        CommandError: The settings are invalid, or the migration failed.
    """
    given: Connection | None = context.config.attributes.get("connection")
    if context.is_offline_mode():
        _write_sql(metadata, _database(settings))
    elif given is not None:
        _configure(metadata, connection=given)
        _run()
    else:
        _migrate(metadata, _database(settings))


def _database(read: ReadSettings) -> DatabaseSettings:
    attributes = context.config.attributes
    if attributes.get("url") is not None:
        return DatabaseSettings(url=attributes["url"])
    try:
        settings = attributes.get("settings") or read()
    except ConfigurationError as error:
        # The `alembic` command reports only this error without a traceback.
        raise CommandError(str(error)) from None
    return settings if isinstance(settings, DatabaseSettings) else settings.database


def _write_sql(metadata: MetaData, settings: DatabaseSettings) -> None:
    url = settings.url.get_secret_value()
    # Replace names that SQLAlchemy does not know, such as postgres. No driver needs to be installed.
    url = url.set(drivername=DRIVERS[url.drivername].sync)
    _configure(metadata, url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    _run()


def _migrate(metadata: MetaData, settings: DatabaseSettings) -> None:
    attributes = context.config.attributes
    limits = attributes.get("limits") or Limits()
    with connected(settings, limits, must_exist=attributes.get("must_exist", False)) as connection:
        _configure(metadata, connection=connection)
        only_looks = context.get_context().opts.get("dont_mutate")
        # SQLite takes the write lock first, because it can wait for that lock.
        connection.execution_options(**{WRITES: not only_looks})
        with nullcontext() if only_looks else turn(connection, limits.patience):
            _run()


def _configure(metadata: MetaData, **options: Any) -> None:
    context.configure(
        target_metadata=metadata,
        # On SQLite, a table is changed by making a new one. Other databases ignore this option.
        render_as_batch=True,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        render_item=_import_module,
        on_version_apply=refuse_faults,
        **options,
    )


def _import_module(kind: str, item: Any, rendering: AutogenContext) -> Literal[False]:
    """Let a new migration import the module of *item*, a column type that another package or the service defines.

    Alembic writes the type with its module, and imports only the modules of SQLAlchemy.
    """
    module = type(item).__module__
    # The template of migrations imports the library's own types.
    if kind == "type" and not module.startswith("sqlalchemy.") and module != UtcDateTime.__module__:
        rendering.imports.add(f"import {module}")
    return False


def _run() -> None:
    with context.begin_transaction():
        context.run_migrations()
