"""Finds the databases of a service that have migrations: `database`, and those that ``alembic.ini`` names.

Alembic is not imported, because a process that only serves doesn't need it.
"""

import sys
import tomllib
from collections.abc import Iterable
from configparser import RawConfigParser
from pathlib import Path
from typing import Any, Final

from sessionscope.database.errors import DatabaseError
from sessionscope.errors import SetupError
from sessionscope.lifetimes.nesting import MAIN, databases_in

ALEMBIC_INI: Final = "alembic.ini"


class UnknownDatabaseError(DatabaseError, SetupError):
    """Raised when a service has no database of a name, or no migrations for it."""


def project_starts() -> list[Path]:
    """Return the folders where the search for a project begins, without duplicates."""
    # In a worker process, `__main__` is not the service's module, but the arguments are those of its parent.
    return list(dict.fromkeys([Path.cwd(), Path(sys.argv[0]).absolute().parent]))


def search_project() -> Path | None:
    """Return the folder that `sessionscope.migrations.running.find_project` finds, or None if there is none."""
    folders = (folder for start in project_starts() for folder in (start, *start.parents))
    return next((folder for folder in folders if _has_migrations(folder / "pyproject.toml")), None)


def named_in(project: Path) -> list[str]:
    """Return the databases besides `database` that have a section with a `script_location` in ``alembic.ini``."""
    # Alembic itself replaces the percent signs.
    parser = RawConfigParser()
    parser.read(project / ALEMBIC_INI, encoding="utf-8")
    return [name for name in parser.sections() if name != "alembic" and parser.has_option(name, "script_location")]


def select_database(container: Any, name: str) -> Any:
    """Return the container of the database that *name* names in *container*.

    Raises:
        UnknownDatabaseError: There is no such database.
    """
    known = databases_in(container)
    if name not in known:
        raise UnknownDatabaseError(f"there is no database {name!r}: choose from {', '.join(known)}")
    return known[name]


def migrated_names(project: Path | None = None) -> tuple[str, ...]:
    """Return the names of the databases that have migrations. `database` comes first.

    Args:
        project: The folder of the ``pyproject.toml``. By default, it is searched for. If there is none, only
            `database` is returned.
    """
    project = project or search_project()
    return (MAIN, *(named_in(project) if project is not None else ()))


def migrated_databases(container: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return the containers of the databases that have migrations, by name.

    Args:
        container: The container of the service.
        names: What `migrated_names` returned.

    Raises:
        UnknownDatabaseError: *container* doesn't have one of them.
    """
    known = databases_in(container)
    for name in names:
        if name not in known:
            raise UnknownDatabaseError(
                f"{ALEMBIC_INI} has migrations for the database {name!r}, which the container doesn't have:"
                f" it has {', '.join(known)}"
            )
    return {name: known[name] for name in names}


def _has_migrations(file: Path) -> bool:
    return file.is_file() and "alembic" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
