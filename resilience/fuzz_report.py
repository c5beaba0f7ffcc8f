"""Reads the events that schemathesis writes about a run, and looks for faults that its own checks don't find."""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

# Words of hashes, SQL, drivers and tracebacks, which no client may see.
INSIDE: Final = ("$argon2", "Traceback", 'File "', "sqlalchemy", "sqlite3", "psycopg", "asyncpg", "SELECT ", "INSERT ")
# "00000000" is in many responses by chance.
_FEWEST_DIFFERENT_CHARACTERS: Final = 5


@dataclass
class Report:
    """The figures of a run, and its faults."""

    cases: int = 0
    phases: Counter[str] = field(default_factory=Counter[str])
    modes: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: list[str] = field(default_factory=list[str])


def read_report(path: Path, secrets: Iterable[str]) -> Report:
    """Read the report at *path*. A response that is a 5xx or contains one of *secrets* is a fault.

    Args:
        path: A file in schemathesis's format ndjson, not sanitized.
        secrets: Texts that only the service and its database know.
    """
    report = Report()
    with path.open() as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario is not None:
                _read_scenario(report, scenario, (*INSIDE, *secrets))
    return report


def _read_scenario(report: Report, scenario: Json, secrets: tuple[str, ...]) -> None:
    # schemathesis leaves out empty parts.
    recorder: Json = scenario["recorder"]
    cases: Json = recorder.get("cases", {})
    report.cases += len(cases)
    report.phases[scenario["phase"]] += len(cases)
    report.modes.update(case["value"]["meta"]["generation"]["mode"] for case in cases.values())
    for interaction in recorder.get("interactions", {}).values():
        request, response = interaction["request"], interaction.get("response")
        name = f"{request['method']} {request['uri'][:200]}"
        if response is None:
            report.faults.append(f"{name}: no response")
            continue
        report.statuses[response["status_code"]] += 1
        if response["status_code"] >= 500:
            report.faults.append(f"{name}: {response['status_code']}")
        shown = f"{json.dumps(response.get('headers'))}\n{_text(response.get('content'))}"
        report.faults += [
            f"{name}: the response contains {secret}"
            for secret in (*secrets, *_passwords(_text(request.get("body"))))
            if secret in shown
        ]


def _passwords(text: str) -> Iterator[str]:
    """Yield a request's password as it is written in JSON, unless the request contains it elsewhere too."""
    try:
        body = json.loads(text or "null")
    except ValueError:
        return
    password = body.get("password") if isinstance(body, dict) else None
    if not isinstance(password, str) or len(set(password)) < _FEWEST_DIFFERENT_CHARACTERS:
        return
    written = json.dumps(password, ensure_ascii=False)[1:-1]
    if written not in json.dumps(body | {"password": None}, ensure_ascii=False):
        yield written


def _text(content: Any) -> str:
    """Return the text of a body, which the report has as a string, in base64, or not at all."""
    if isinstance(content, dict):
        return base64.b64decode(content["$base64"]).decode(errors="replace")
    return content or ""
