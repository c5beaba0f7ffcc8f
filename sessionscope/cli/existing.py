"""Databases that a process uses and never creates."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from sessionscope.cli.reporting import FAILED
from sessionscope.migrations.databases import migrated_databases, migrated_names


def refuse_private_databases(container: Any, project: Path | None = None) -> None:
    """Refuse in-memory databases: they are private to each process, so workers would start without tables.

    Raises:
        UnknownDatabaseError: ``alembic.ini`` names a database that *container* doesn't have.
        typer.Exit: A database that has migrations is in memory. A line on standard error says so.
    """
    for database in _migrated(container, project):
        if database.location().private:
            url = database.settings().url
            typer.echo(
                f"{url} is private to each process, so the service would start without tables: use a file", err=True
            )
            raise typer.Exit(FAILED)


def require_files(container: Any, project: Path | None = None) -> None:
    """Let *container* open SQLite files, and never create one.

    Only `db upgrade` creates a missing file: an empty one would only look like a database.
    """
    for database in _migrated(container, project):
        database.location().must_exist = True


def _migrated(container: Any, project: Path | None) -> Iterable[Any]:
    return migrated_databases(container, migrated_names(project)).values()
