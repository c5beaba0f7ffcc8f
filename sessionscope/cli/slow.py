"""The command ``db slow``, which shows the slowest statements."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sessionscope.cli.reporting import Json
from sessionscope.cli.service import Service

if TYPE_CHECKING:
    from sessionscope.cli.printing import Printer
    from sessionscope.database.backends.diagnosis import SlowStatement
    from sessionscope.observe.slow_statements import Source, SourceReport

By = Annotated[
    Literal["total", "mean"],
    typer.Option(help="The time by which statements are ordered: of all runs, or of an average one."),
]
Count = Annotated[int, typer.Option(min=1, max=1000, help="How many statements to show.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show the SQL that shows the plan of each statement.")]


def slow(
    context: typer.Context, by: By = "total", count: Count = 10, explain: Explain = False, as_json: Json = False
) -> None:
    """Show the slowest statements, without their values."""
    service: Service = context.obj
    with service.opened() as container:
        from sessionscope.database.backends.diagnosis import Order
        from sessionscope.observe.slow_statements import read_sources

        reports = read_sources(_sources(service, container), Order(by), count)
    if as_json:
        found: dict[str, Any] = {"by": by, "sources": [asdict(each) for each in reports]}
        typer.echo(json.dumps(found, indent=2))
    else:
        _show(reports, by, explain=explain)


def _sources(service: Service, container: Any) -> "Iterator[Source]":
    """Yield each source that has a record of slow statements."""
    from sessionscope.observe.inspection.asking import processes
    from sessionscope.observe.slow_statements import process_source, server_source

    yield process_source(processes(Path.cwd()), service.database)
    yield server_source(service.database_in(container).engine())


def _show(reports: "list[SourceReport]", by: str, *, explain: bool) -> None:
    from sessionscope.cli.printing import Printer

    printer = Printer()
    for report in reports:
        printer.print(f"By {report.source}, by {by} time", style="bold")
        if report.reason:
            printer.labelled("!", "yellow", f"{report.reason}: {report.remedy}")
        elif not report.statements:
            printer.labelled("✓", "green", "no statement is recorded")
        for number, each in enumerate(report.statements, 1):
            _show_statement(printer, number, each, explain=explain)
        printer.print("")
    if not explain and any(each.explain for report in reports for each in report.statements):
        printer.print("`--explain` adds the SQL that shows each plan.")


def _show_statement(printer: "Printer", number: int, each: "SlowStatement", *, explain: bool) -> None:
    runs = f"{each.calls:,} runs" if each.calls != 1 else "1 run"
    times = f"{_time(each.mean)} on average, {_time(each.longest)} at most"
    printer.labelled(f"{number:2}", "yellow", f"{_time(each.total)} in {runs}: {times}")
    printer.labelled("  ", "", each.statement)
    if each.code_line:
        printer.labelled("  ", "", each.code_line)
    if explain and each.explain:
        printer.labelled("   plan", "dim", each.explain)


def _time(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
