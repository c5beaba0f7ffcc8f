"""Reading the report of a fuzzing run finds the faults in it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from resilience.fuzz_report import Report, read_report

SECRET = "only-the-service-knows-it"


def encoded(text: str) -> dict[str, str]:
    """Return *text* as a report has it."""
    return {"$base64": base64.b64encode(text.encode()).decode()}


@pytest.fixture
def report_of(tmp_path: Path) -> Any:
    """Give ``report_of(status, answer, sent={})``, which returns the report of a run with one JSON request."""

    def report_of(status: int, answer: str, sent: dict[str, str] | None = None) -> Report:
        request = {"method": "POST", "uri": "http://127.0.0.1/users/", "body": encoded(json.dumps(sent or {}))}
        response = {"status_code": status, "headers": {}, "content": encoded(answer)}
        recorder = {
            "cases": {"a": {"value": {"meta": {"generation": {"mode": "positive"}}}}},
            "interactions": {"a": {"request": request, "response": response}},
        }
        events = [{"EngineStarted": {}}, {"ScenarioFinished": {"phase": "fuzzing", "recorder": recorder}}]
        path = tmp_path / "report.ndjson"
        path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
        return read_report(path, [SECRET])

    return report_of


class TestReport:
    def test_responses_without_a_fault_are_counted(self, report_of: Any) -> None:
        """A response may repeat what the request contains beside its password."""
        sent = {"username": "a-long-name", "password": "a-long-name"}
        report = report_of(201, '{"username": "a-long-name"}', sent)
        assert (1, {201: 1}, []) == (report.cases, report.statuses, report.faults)

    @pytest.mark.parametrize("status", [500, 503])
    def test_server_errors_are_faults(self, report_of: Any, status: int) -> None:
        """No request may make the service fail."""
        assert [f"POST http://127.0.0.1/users/: {status}"] == report_of(status, "{}").faults

    @pytest.mark.parametrize("text", [SECRET, "$argon2id$v=19$", "SELECT users.id"])
    def test_secrets_are_faults(self, report_of: Any, text: str) -> None:
        """A response contains neither a secret that we planted nor anything internal."""
        assert 1 == len(report_of(200, f'{{"detail": "{text}"}}').faults)

    def test_repeated_passwords_are_faults(self, report_of: Any) -> None:
        """A response doesn't repeat the request's password, not even to refuse it."""
        sent = {"username": "ann", "password": "p\u00e4ss-w\u00f6rd"}
        faults = report_of(422, '{"detail": "p\u00e4ss-w\u00f6rd is too short"}', sent).faults
        assert ["POST http://127.0.0.1/users/: the response contains p\u00e4ss-w\u00f6rd"] == faults
