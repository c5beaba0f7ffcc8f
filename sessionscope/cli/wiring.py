"""The ``wiring`` command, which shows the providers of the container."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from inspect import signature
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sessionscope.cli.reporting import BAD_USAGE, reported
from sessionscope.cli.service import Service

if TYPE_CHECKING:
    from sessionscope.observe.wiring import Graph


class Format(StrEnum):
    """What the picture is written as."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    JSON = "json"


def wiring(
    context: typer.Context,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option("--format", help="How to show it: for people, documents, Graphviz, browsers or programs.")
    ] = Format.TREE,
    container: Annotated[
        str | None,
        typer.Option(
            help="Another container, or a function that returns one. By default, the service's own.",
            metavar="MODULE:NAME",
        ),
    ] = None,
) -> None:
    """Show the providers of the container, how long their objects live, and what takes what. Opens nothing."""
    service: Service = context.obj
    with reported():
        from sessionscope.observe.wiring import read_graph

        graph = read_graph(_find(container) if container else service.build_container())
        if format is Format.TREE:
            _print_tree(graph)
        else:
            typer.echo(_written(graph, format), nl=False)


def _written(graph: "Graph", how: Format) -> str:
    if how is Format.MERMAID:
        from sessionscope.observe.wiring.mermaid import draw_mermaid as draw
    elif how is Format.DOT:
        from sessionscope.observe.wiring.dot import draw_dot as draw
    elif how is Format.SVG:
        from sessionscope.observe.wiring.svg.drawing import draw_svg as draw
    else:
        from sessionscope.observe.wiring.data import draw_json as draw
    return draw(graph)


def _print_tree(graph: "Graph") -> None:
    """Print the tree: in colours in a terminal, as plain text in a file or a pipe."""
    from rich.console import Console
    from rich.text import Text

    from sessionscope.observe.wiring.tree import columns, footer, name_width, tree_lines

    colours = {"process": "blue", "thread": "magenta", "context": "magenta", "scope": "green", "call": "yellow"}
    lines = tree_lines(graph)
    width = name_width(lines)
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        if line.node is None:
            console.print(Text(line.guide + line.name, "dim"))
            continue
        lifetime, makes, overridden = columns(line.node)
        console.print(
            Text.assemble(
                (line.guide, "dim"),
                (line.name, "" if line.guide else "bold"),
                (line.part + line.space(width), "dim"),
                (lifetime, colours[line.node.lifetime]),
                makes,
                (overridden, "bold red"),
            )
        )
    console.print("", *(Text(each, "dim") for each in footer(graph, lines)), sep="\n")


def _find(name: str) -> Any:
    """Return the container that *name* says, or that the class or function of that name makes. Resolves no provider.

    Raises:
        typer.Exit: There is none. A line on standard error says so.
    """
    from dependency_injector import containers, providers

    found = _named(name)
    if isinstance(found, providers.Container):
        found = found.container
    if isinstance(found, type | FunctionType):
        try:
            signature(found).bind()
        except TypeError as error:
            _refuse(f"{name} can't be called without arguments: {error}")
        found = found()
    if not isinstance(found, containers.Container):
        _refuse(f"{name} is not a container, nor what makes one: it gives a {type(found).__name__}")
    return found


def _named(name: str) -> Any:
    module_name, _, attributes = name.partition(":")
    if not module_name or not attributes:
        _refuse(f"--container is MODULE:NAME, such as containers:ApplicationContainer, and not {name!r}")
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        _refuse(f"{module_name} can't be imported: there is no module {error.name!r}")
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            close = get_close_matches(attribute, dir(found), n=1)
            _refuse(f"{name}: there is no {attribute!r}{f'; did you mean {close[0]!r}?' if close else ''}")
        found = getattr(found, attribute)
    return found


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(BAD_USAGE)
