"""Reads what a service is made of: wiring, settings and migrations. No database is asked."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from sessionscope.migrations.databases import search_project
from sessionscope.migrations.readiness import shipped_names, shipped_revisions
from sessionscope.observe.console.states import (
    MigrationsState,
    ProviderState,
    ServiceState,
    SettingState,
    WiringState,
)
from sessionscope.observe.wiring.graph import Graph, Node
from sessionscope.observe.wiring.reading import read_graph
from sessionscope.observe.wiring.svg.drawing import draw_svg
from sessionscope.settings import ServiceSettings
from sessionscope.settings.listing import list_settings


def read_service(app: FastAPI, container: Any, project: Path | None) -> ServiceState:
    """Return what *app* and its *container* are made of now.

    Args:
        app: The application.
        container: Its container.
        project: The folder of the ``pyproject.toml`` that configures Alembic. If None, it is searched for.
    """
    return ServiceState(
        title=app.title,
        version=app.version,
        library=_library_version(),
        python=platform.python_version(),
        wiring=_wiring(read_graph(container)),
        settings=tuple(_settings(container)),
        migrations=tuple(_migrations(project)),
    )


def _library_version() -> str:
    try:
        return version("sessionscope")
    except PackageNotFoundError:
        # It is a folder beside the service.
        return ""


def _wiring(graph: Graph) -> WiringState:
    return WiringState(
        container=graph.container,
        summary=graph.summary(),
        picture=_without_style(draw_svg(graph)),
        providers=tuple(_provider(graph, node) for node in graph.nodes),
    )


def _without_style(svg: str) -> str:
    # The page's policy allows style sheets only as files.
    before, _, rest = svg.partition("<style>")
    return before + rest.partition("</style>")[2]


def _provider(graph: Graph, node: Node) -> ProviderState:
    return ProviderState(
        name=node.name,
        lifetime=node.lifetime.value,
        makes=node.makes or node.kind,
        takes=tuple(dict.fromkeys(edge.source for edge in graph.into[node.name])),
        overridden_by=node.overridden_by,
    )


def _settings(container: Any) -> Iterator[SettingState]:
    settings = container.settings()
    # The container of a database alone has settings without sources.
    if isinstance(settings, ServiceSettings):
        yield from (
            SettingState(name=name, value=value, source=source) for name, value, source in list_settings(settings)
        )


def _migrations(project: Path | None) -> Iterator[MigrationsState]:
    if project is None and search_project() is None:
        # A service without migrations.
        return
    for name in shipped_names(project):
        shipped = shipped_revisions(project, name)
        yield MigrationsState(database=name, heads=tuple(sorted(shipped.heads)), count=len(shipped.known))
