"""The command ``db locks``, which shows which connections wait for which."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sessionscope.cli.reporting import Json
from sessionscope.cli.service import Service

if TYPE_CHECKING:
    from sessionscope.cli.printing import Printer
    from sessionscope.observe.lock_waits import Blocker

Values = Annotated[bool, typer.Option("--values", help="Show the values in statements. They may be secret.")]


def locks(context: typer.Context, as_json: Json = False, values: Values = False) -> None:
    """Show which connections wait for a lock, which ones block them, and how to end those."""
    service: Service = context.obj
    with service.opened() as container:
        from sessionscope.database.backends import backend_of
        from sessionscope.database.backends.diagnosis import NotKnownError
        from sessionscope.observe.lock_waits import read_trees

        engine = service.database_in(container).engine()
        reason = remedy = ""
        try:
            trees = read_trees(engine)
        except NotKnownError as error:
            trees, reason, remedy = [], error.reason, error.remedy
        if not values:
            quotes_names = backend_of(engine.dialect.name).quotes_names
            trees = [_hidden(each, quotes_names=quotes_names) for each in trees]
    if as_json:
        found: dict[str, Any] = {"reason": reason, "remedy": remedy, "blockers": [each.as_object() for each in trees]}
        typer.echo(json.dumps(found, indent=2))
    elif reason:
        _printer().labelled("!", "yellow", f"{reason}: {remedy}")
    else:
        _show(trees)


def _hidden(tree: "Blocker", *, quotes_names: bool) -> "Blocker":
    """Return *tree* with statements that have no values."""
    from sessionscope.database.backends.statements import without_values

    statement = without_values(tree.connection.statement, quotes_names=quotes_names)
    waiters = [_hidden(each, quotes_names=quotes_names) for each in tree.waiters]
    return replace(tree, connection=replace(tree.connection, statement=statement), waiters=waiters)


def _show(trees: "list[Blocker]") -> None:
    printer = _printer()
    if not trees:
        printer.print("No connection waits for a lock.")
    for tree in trees:
        _show_tree(printer, tree, 0)
        if tree.connection.end and not tree.connection.waits_for:
            printer.labelled("  remedy", "dim", f"let it finish, or end it: {tree.connection.end}")
        printer.print("")


def _show_tree(printer: "Printer", tree: "Blocker", depth: int) -> None:
    connection = tree.connection
    indent = "   " * depth
    printer.labelled(f"{indent}{'└─ ' if depth else ''}{connection.id}", "yellow" if depth else "red", _described(tree))
    if connection.statement:
        printer.labelled(f"{indent}{'   ' if depth else ''} ", "dim", connection.statement)
    for waiter in tree.waiters:
        _show_tree(printer, waiter, depth + 1)


def _described(tree: "Blocker") -> str:
    """Return one line about a connection: the program, what it does and for how long."""
    each = tree.connection
    program = " ".join(filter(None, (each.application, f"as {each.user}" if each.user else "")))
    program = f"{program} from {each.client}" if each.client else program
    waits = f"waits for {each.waits_for}" if each.waits_for else each.state
    since = "" if each.seconds is None else f" for {each.seconds:.0f} s"
    blocks = f"blocks {tree.count()}" if tree.waiters else ""
    return ", ".join(filter(None, (program, f"{waits}{since}", blocks)))


def _printer() -> "Printer":
    from sessionscope.cli.printing import Printer

    return Printer()
