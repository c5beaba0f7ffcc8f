"""The configuration for `dictConfig`."""

import pytest

from sessionscope.observe.logging import logging_config
from sessionscope.settings import LoggingSettings


class TestServers:
    @pytest.mark.parametrize(
        "name", ["uvicorn", "uvicorn.access", "uvicorn.error", "gunicorn.access", "gunicorn.error"]
    )
    def test_loggers_of_servers_have_no_handlers_of_their_own(self, name: str) -> None:
        """Their lines go to the one handler that there is, in its format."""
        configured = logging_config(LoggingSettings())["loggers"][name]
        assert ([], True) == (configured["handlers"], configured["propagate"])

    @pytest.mark.parametrize(("access", "level"), [(True, "INFO"), (False, "WARNING")])
    def test_access_lines_follow_the_setting(self, access: bool, level: str) -> None:
        """Whichever server writes them."""
        loggers = logging_config(LoggingSettings(access=access))["loggers"]
        assert {level} == {loggers[f"{server}.access"]["level"] for server in ("uvicorn", "gunicorn")}
