"""Checks whether the database has the tables that this code was written for."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.lifetimes.nesting import MAIN
from sessionscope.migrations.databases import migrated_names

# Alembic's table, with a row for each revision that the database is at.
_NOTED: Final = table("alembic_version", column("version_num"))


# The names are read only once.
shipped_names: Final = cache(migrated_names)


class Revisions(NamedTuple):
    """The migrations that came with the code.

    Attributes:
        heads: The last revisions, usually one.
        known: All revisions.
    """

    heads: frozenset[str]
    known: frozenset[str]


@cache
def shipped_revisions(project: Path | None = None, database: str = MAIN) -> Revisions:
    """Return the migrations in the script directory. It is read only once.

    Args:
        project: As for `sessionscope.migrations.running.configuration`.
        database: As there.
    """
    # Importing Alembic takes a while, and a process without a readiness probe doesn't need it.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    from sessionscope.migrations.running import configuration  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(configuration(project=project, database=database))
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return Revisions(frozenset(scripts.get_heads()), known)


async def schema_fault(engine: AsyncEngine, project: Path | None = None, database: str = MAIN) -> str | None:
    """Return None if the database has the revision that the code needs, otherwise the difference and the remedy.

    A revision that the code doesn't know belongs to a newer release. Because a migration never breaks the running
    release, this is not a fault.

    Args:
        engine: Connects to the database.
        project: As for `sessionscope.migrations.running.configuration`.
        database: As there.

    Raises:
        SQLAlchemyError: The database does not answer.
    """
    shipped = await asyncio.to_thread(shipped_revisions, project, database)
    async with engine.connect() as connection:
        noted = await connection.run_sync(_read)
    if noted == shipped.heads or noted - shipped.known:
        return None
    where = f"revision {_listed(noted)}" if noted else "no revision"
    what, command = ("database", "db") if database == MAIN else (f"database {database}", f"db --database {database}")
    return f"the {what} is at {where}, the service wants {_listed(shipped.heads)}: run `{command} upgrade`"


def _read(connection: Connection) -> frozenset[str]:
    if not inspect(connection).has_table(_NOTED.name):
        return frozenset()
    return frozenset(connection.scalars(select(_NOTED.c.version_num)))


def _listed(revisions: frozenset[str]) -> str:
    return ", ".join(sorted(revisions))
