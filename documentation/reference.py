"""A hook of MkDocs: makes a page of the API reference for each public module, from its docstrings.

docs/public_names.md says which modules are public, and its names become links to these pages.
"""

import re
from pathlib import Path
from typing import Any, Final, cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
CHAPTER: Final = "API reference"
PUBLIC_NAMES: Final = "public_names.md"
# The public names of modules of which not all is public.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sessionscope.database.base": ("assign",),
    "sessionscope.database.conflicts": ("Conflicts",),
    "sessionscope.database.inserts": ("insert_if_absent", "upsert"),
    "sessionscope.database.slow_statements": ("slow_statements",),
    "sessionscope.migrations.environment": ("run",),
    "sessionscope.worker": ("Worker", "run_worker"),
    "sessionscope.testing.fitting": ("UnfitFakeError",),
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
}
# A page that explains a name is a better find than its signature.
LATER_IN_SEARCH: Final = "---\nsearch:\n  boost: 0.5\n---\n"
CODE: Final = re.compile(r"`([\w.]+)`")
MODULE: Final = re.compile(r"`(sessionscope[\w.]*)`")
FIRST_CELL: Final = re.compile(r"^\| `.*?` \|", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages into the navigation."""
    navigation: list[dict[str, list[Any]]] = cast("Any", config).nav
    [chapter] = [entry[CHAPTER] for entry in navigation if CHAPTER in entry]
    chapter += [{module.removeprefix("sessionscope."): address_of(module)} for module in modules()]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for module in modules():
        content = _content(module, NAMES.get(module, ()))
        files.append(File.generated(config, address_of(module), content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes them by name
    """Turn the names on the page of public names into links."""
    if page.file.src_uri != PUBLIC_NAMES:
        return markdown
    exported, heading, rest = CODE.sub(_link_module, markdown).partition("\n## ")
    return FIRST_CELL.sub(lambda cell: CODE.sub(_link_name, cell[0]), exported) + heading + rest


def modules() -> list[str]:
    """Return the public modules, in the order of the page."""
    return list(dict.fromkeys(MODULE.findall((ROOT / "docs" / PUBLIC_NAMES).read_text())))


def address_of(module: str) -> str:
    """Return the address of a module's page."""
    return f"api/{module}.md"


def _content(module: str, names: tuple[str, ...]) -> str:
    members = "".join(f"\n        - {name}" for name in names)
    options = f"    options:\n      members:{members}\n" if names else ""
    return f"{LATER_IN_SEARCH}# {module}\n\n::: {module}\n{options}"


def _link_module(code: re.Match[str]) -> str:
    name = code[1]
    return f"[{code[0]}]({address_of(name)})" if MODULE.fullmatch(code[0]) else code[0]


def _link_name(code: re.Match[str]) -> str:
    return f"[{code[0]}][sessionscope.{code[1]}]"
