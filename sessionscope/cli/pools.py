"""The command ``db pool``, which shows the connection pools of the running processes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sessionscope.cli.reporting import FAILED, Json

if TYPE_CHECKING:
    from rich.console import Console

    from sessionscope.observe.inspection.states import PoolState, ProcessState

# Enough to see what holds a pool.
_MOST_PLACES: Final = 10


def pool(
    every: Annotated[bool, typer.Option("--all", help="Show the processes of all services of this user.")] = False,
    as_json: Json = False,
) -> None:
    """Show the pools of the running processes: what is in use, who waits, and who holds the connections."""
    from pydantic import TypeAdapter
    from rich.console import Console

    from sessionscope.observe.inspection.asking import processes
    from sessionscope.observe.inspection.sockets import folder
    from sessionscope.observe.inspection.states import ProcessState

    states = processes(None if every else Path.cwd())
    if as_json:
        typer.echo(TypeAdapter(list[ProcessState]).dump_json(states, indent=2).decode())
    elif not states:
        hint = "" if every else "; --all shows the processes that were started in other folders"
        typer.echo(f"No process that was started in {Path.cwd()} answers in {folder()}{hint}.", err=True)
        raise typer.Exit(FAILED)
    console = Console(highlight=False)
    for state in states if not as_json else ():
        _show(console, state)


def _show(console: "Console", state: "ProcessState") -> None:
    from rich.table import Table

    since = f"{state.started.astimezone():%Y-%m-%d %H:%M:%S}"
    console.print(f"[bold]Process {state.pid}[/], since {since}, in {state.project}", soft_wrap=True)
    if not state.pools:
        console.print("  It has not connected to a database yet.")
        return
    table = Table("pool", box=None, pad_edge=True)
    for name in ("in use", "idle", "waiting", "limit"):
        table.add_column(name, justify="right")
    for each in state.pools:
        style = "bold red" if each.is_exhausted else None
        table.add_row(each.name, str(each.in_use), str(each.idle), str(each.waiters), _limit(each), style=style)
    console.print(table)
    for each in state.pools:
        _show_places(console, each)
    console.print()


def _limit(pool: "PoolState") -> str:
    if pool.size is None:
        return "none, without a pool"
    return "none" if pool.max_overflow is None else f"{pool.size} + {pool.max_overflow}"


def _show_places(console: "Console", pool: "PoolState") -> None:
    if pool.is_exhausted:
        console.print(f"  [bold red]{pool.name} has no free connection, and {pool.waiters} wait for one.[/]")
    places = pool.places()
    for place in places[:_MOST_PLACES]:
        what = f"{place.connections:4} in use by {place.task} for up to {place.seconds:.1f} s, taken at {place.line}"
        console.print(what, markup=False, soft_wrap=True)
    if len(places) > _MOST_PLACES:
        console.print(f"     and {len(places) - _MOST_PLACES} more places; --json shows all of them")
