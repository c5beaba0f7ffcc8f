"""A hook of MkDocs: makes a page of the API reference for each public module, from its docstrings.

docs/public_names.md says which modules are public, and its names become links to these pages.
"""

import re
from typing import Any, Final, cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

CHAPTER: Final = "API reference"
PUBLIC_NAMES: Final = "public_names.md"
# The public modules, with their public names where the rest of a module is not public.
MODULES: Final[dict[str, tuple[str, ...]]] = {
    "sessionscope": (),
    "sessionscope.settings": (),
    "sessionscope.database": (),
    "sessionscope.database.base": ("assign",),
    "sessionscope.database.columns": (),
    "sessionscope.database.conflicts": ("Conflicts",),
    "sessionscope.database.inserts": ("insert_if_absent", "upsert"),
    "sessionscope.database.types": (),
    "sessionscope.database.errors": (),
    "sessionscope.transactions": (),
    "sessionscope.transactions.options": (),
    "sessionscope.transactions.idempotency": (),
    "sessionscope.reading.projections": (),
    "sessionscope.reading.schemas": (),
    "sessionscope.reading.fields": (),
    "sessionscope.errors": (),
    "sessionscope.fastapi.sessions": (),
    "sessionscope.fastapi.health": (),
    "sessionscope.fastapi.error_handlers": (),
    "sessionscope.fastapi.head": (),
    "sessionscope.fastapi.request_limits": (),
    "sessionscope.fastapi.parameters": (),
    "sessionscope.fastapi.problems": (),
    "sessionscope.fastapi.problem_types": (),
    "sessionscope.fastapi.problem_schemas": (),
    "sessionscope.fastapi.responses": (),
    "sessionscope.security.passwords": (),
    "sessionscope.worker": ("Worker", "run_worker"),
    "sessionscope.cli": (),
    "sessionscope.cli.asgi": (),
    "sessionscope.migrations.environment": ("run",),
    "sessionscope.migrations.running": (),
    "sessionscope.testing.plugin": (
        "make_container",
        "make_app",
        "alembic_project",
        "container",
        "override",
        "session",
        "async_session",
        "database_url",
        "empty_database_url",
        "opened",
        "app",
        "client",
        "async_client",
        "server",
        "query_log",
        "failed_connections_end",
    ),
    "sessionscope.testing.servers.plugin": (
        "postgresql",
        "mariadb",
        "own_postgresql",
        "own_mariadb",
        "postgresql_pair",
        "galera",
        "pgbouncer",
        "network",
    ),
    "sessionscope.testing.template": (),
    "sessionscope.testing.overrides": (),
    "sessionscope.testing.queries": (),
    "sessionscope.testing.fakes": (),
    "sessionscope.testing.fitting": ("UnfitFakeError",),
}
CODE: Final = re.compile(r"`([\w.]+)`")
FIRST_CELL: Final = re.compile(r"^\| `.*?` \|", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages into the navigation."""
    navigation: list[dict[str, list[Any]]] = cast("Any", config).nav
    [chapter] = [entry[CHAPTER] for entry in navigation if CHAPTER in entry]
    chapter += [{module.removeprefix("sessionscope."): address_of(module)} for module in MODULES]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for module, names in MODULES.items():
        files.append(File.generated(config, address_of(module), content=_content(module, names)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes them by name
    """Turn the names on the page of public names into links."""
    if page.file.src_uri != PUBLIC_NAMES:
        return markdown
    exported, heading, rest = CODE.sub(_link_module, markdown).partition("\n## ")
    return FIRST_CELL.sub(lambda cell: CODE.sub(_link_name, cell[0]), exported) + heading + rest


def address_of(module: str) -> str:
    """Return the address of a module's page."""
    return f"api/{module}.md"


def _content(module: str, names: tuple[str, ...]) -> str:
    members = "".join(f"\n        - {name}" for name in names)
    options = f"    options:\n      members:{members}\n" if names else ""
    return f"# {module}\n\n::: {module}\n{options}"


def _link_module(code: re.Match[str]) -> str:
    name = code[1]
    return f"[{code[0]}]({address_of(name)})" if name in MODULES else code[0]


def _link_name(code: re.Match[str]) -> str:
    return f"[{code[0]}][sessionscope.{code[1]}]"
