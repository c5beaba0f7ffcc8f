"""The configuration for `dictConfig`, and the two formats."""

import json
import logging
import sys
from collections.abc import Generator
from logging.config import DictConfigurator
from typing import Any

import pytest

from sessionscope.observe.logging import logging_config
from sessionscope.request_ids import REQUEST_LOGGER, RequestIds, current_ids
from sessionscope.settings import ConfigurationError, LoggingSettings

IDS = RequestIds("abc-1", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def line_of(settings: LoggingSettings, record: logging.LogRecord) -> str:
    """Return the line for *record* that the configured handler writes, without changing this process's logging."""
    configurator: Any = DictConfigurator(logging_config(settings))
    parts = configurator.config
    made: Any = configurator.configure_formatter(dict(parts["formatters"]["line"]))
    assert configurator.configure_filter(dict(parts["filters"]["request"])).filter(record)
    return str(made.format(record))


def record(
    message: str = "hello %s", *arguments: object, error: Exception | None = None, **extra: object
) -> logging.LogRecord:
    """Return a record."""
    exc_info = (type(error), error, None) if error is not None else None
    return logging.getLogger("app").makeRecord(
        "app", logging.INFO, "x.py", 1, message, arguments or ("you",), exc_info, extra=extra
    )


@pytest.fixture(name="request_ids")
def _request_ids() -> Generator[RequestIds, None, None]:
    """Give the identifiers of the request that the test runs in."""
    token = current_ids.set(IDS)
    yield IDS
    current_ids.reset(token)


class TestServers:
    @pytest.mark.parametrize(
        "name", ["uvicorn", "uvicorn.access", "uvicorn.error", "gunicorn.access", "gunicorn.error"]
    )
    def test_loggers_of_servers_have_no_handlers_of_their_own(self, name: str) -> None:
        """Their lines go to the one handler that there is, in its format."""
        configured = logging_config(LoggingSettings())["loggers"][name]
        assert ([], True) == (configured["handlers"], configured["propagate"])

    @pytest.mark.parametrize(
        ("access", "server_lines", "of_server", "of_service"),
        [(True, True, "INFO", "INFO"), (True, False, "WARNING", "INFO"), (False, True, "WARNING", "WARNING")],
    )
    def test_one_line_per_request_follows_the_setting(
        self, access: bool, server_lines: bool, of_server: str, of_service: str
    ) -> None:
        """The server doesn't write one if the application does."""
        loggers = logging_config(LoggingSettings(access=access), server_lines=server_lines)["loggers"]
        assert {of_server} == {loggers[f"{server}.access"]["level"] for server in ("uvicorn", "gunicorn")}
        assert of_service == loggers[REQUEST_LOGGER]["level"]

    @pytest.mark.parametrize(("server_lines", "kept"), [(True, True), (False, False)])
    def test_lines_about_websockets_stay_with_the_line_per_request(self, server_lines: bool, kept: bool) -> None:
        """They show the query, so a service that logs its own has none."""
        config: Any = DictConfigurator(logging_config(LoggingSettings(), server_lines=server_lines))
        server = config.configure_filter(dict(config.config["filters"]["server"]))
        lines = [
            record('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/ws?token=s3cr3t"),
            record("connection rejected (%d %s)", 403, "Forbidden"),
        ]
        assert [kept, kept, True] == [server.filter(line) for line in (*lines, record("Started %s", "it"))]


class TestConsole:
    def test_line_outside_of_requests_has_no_id(self) -> None:
        """Nor does it end with a gap."""
        assert line_of(LoggingSettings(), record()).endswith(" INFO    app: hello you")

    def test_line_in_a_request_ends_with_its_id(self, request_ids: RequestIds) -> None:
        """A traceback comes after that."""
        assert line_of(LoggingSettings(), record()).endswith(f" INFO    app: hello you [{request_ids.request_id}]")
        lines = line_of(LoggingSettings(), record(error=ValueError("oh"))).splitlines()
        assert (f"[{request_ids.request_id}]", "ValueError: oh") == (lines[0][-7:], lines[-1])


class TestJson:
    def test_record_is_an_object_in_a_line(self) -> None:
        """Fields that a line doesn't need are absent."""
        found = json.loads(line_of(LoggingSettings(format="json"), record(color_message="\x1b[1mhello")))
        timestamp = found.pop("timestamp")
        assert {"level": "INFO", "logger": "app", "message": "hello you"} == found
        assert (24, "Z") == (len(timestamp), timestamp[-1])

    def test_record_has_the_identifiers_and_its_extra_fields(self, request_ids: RequestIds) -> None:
        """Collectors join the lines of a request, and the services of a trace."""
        found = json.loads(line_of(LoggingSettings(format="json"), record(status=200)))
        assert {**request_ids._asdict(), "status": 200} == {name: found[name] for name in (*IDS._fields, "status")}

    def test_traceback_is_a_field(self) -> None:
        """It doesn't break the line."""
        line = line_of(LoggingSettings(format="json"), record(error=ValueError("first\nsecond")))
        assert "\n" not in line
        assert json.loads(line)["exception"].endswith("ValueError: first\nsecond")

    def test_missing_package_is_an_error_that_names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The format for people needs none."""
        monkeypatch.setitem(sys.modules, "pythonjsonlogger", None)
        logging_config(LoggingSettings())
        with pytest.raises(ConfigurationError, match=r"logging\.format: .+ \(install sessionscope\[logs\]\)$"):
            logging_config(LoggingSettings(format="json"))
