"""The ``doctor`` command, which checks the service and the places where it runs."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

from sessionscope.cli.reporting import BAD_CONFIGURATION, FAILED, Json
from sessionscope.cli.service import Service

if TYPE_CHECKING:
    from sessionscope.cli.printing import Printer
    from sessionscope.observe.doctor.examining import Report
    from sessionscope.observe.doctor.findings import Finding

# The symbol and the colour of each status. The symbols can be told apart without colours.
_SYMBOLS: Final = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failure": ("✗", "red"),
    "not_checked": ("-", "dim"),
}


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check settings, drivers, databases, pools, container and limits. If something is wrong, exit with 1."""
    service: Service = context.obj
    report, bad_settings = _examine(service)
    if as_json:
        typer.echo(json.dumps(_as_object(report), indent=2))
    else:
        _show(report)
    if bad_settings:
        raise typer.Exit(BAD_CONFIGURATION)
    if any(each.status == "failure" for each in report.findings):
        raise typer.Exit(FAILED)


def _examine(service: Service) -> "tuple[Report, bool]":
    """Return what was found, and whether the settings are not valid."""
    from sessionscope.observe.doctor.examining import examine

    report = asyncio.run(
        examine(service.read_settings, service.build_container, service.build_app, project=service.project)
    )
    return report, not report.settings


def _as_object(report: "Report") -> dict[str, Any]:
    return {
        "summary": {status: report.count(status) for status in _statuses()},
        "findings": [asdict(each) for each in report.findings],
        "settings": [each._asdict() for each in report.settings],
    }


def _statuses() -> Any:
    from sessionscope.database.backends.diagnosis import Status

    return Status


def _show(report: "Report") -> None:
    from sessionscope.cli.printing import Printer

    printer = Printer()
    for subject in dict.fromkeys(each.subject for each in report.findings):
        printer.print(subject, style="bold")
        if subject == "settings":
            _show_settings(printer, report)
        findings = [each for each in report.findings if each.subject == subject]
        for each in findings:
            if each.status != "not_checked":
                _show_finding(printer, each)
        _show_not_checked(printer, [each for each in findings if each.status == "not_checked"])
        printer.print("")
    printer.print(_summary(report))


def _show_settings(printer: "Printer", report: "Report") -> None:
    changed = [each for each in report.settings if each.source != "default"]
    names, values = (max((len(each[index]) for each in changed), default=0) for index in (0, 1))
    for name, value, source in changed:
        printer.print(f"   {name:<{names}}  {value:<{values}}  {source}", style="dim")


def _show_finding(printer: "Printer", finding: "Finding") -> None:
    printer.labelled(*_SYMBOLS[finding.status], finding.what)
    for label, text in (("why", finding.why), ("remedy", finding.remedy)):
        if text:
            printer.labelled(f"  {label:<6}", "dim", text)


def _show_not_checked(printer: "Printer", findings: "list[Finding]") -> None:
    """Print one line for all checks that were not made for the same reason."""
    for why in dict.fromkeys(each.why for each in findings):
        codes = ", ".join(each.code for each in findings if each.why == why)
        printer.labelled(*_SYMBOLS["not_checked"], f"not checked, because {why}: {codes}")


def _summary(report: "Report") -> str:
    counts = {status: report.count(status) for status in _statuses()}
    names = {"failure": "failure", "warning": "warning", "ok": "check passed", "not_checked": "not checked"}
    plurals = {"failure": "failures", "warning": "warnings", "ok": "checks passed", "not_checked": "not checked"}
    shown = [
        f"{counts[status]} {(names if counts[status] == 1 else plurals)[status]}" for status in names if counts[status]
    ]
    return f"{', '.join(shown)}."
