"""The application that HTTP servers import, when it can't be served."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from sessionscope.cli.asgi import build_asgi_app
from sessionscope.database.errors import DatabaseError
from sessionscope.settings.errors import ConfigurationError, Problem
from tests.sessionscope.unit.cli.service import Container, create_app


def refuse(error: Exception) -> Callable[[], FastAPI]:
    """Return what raises *error* in place of making an application."""

    def create() -> FastAPI:
        raise error

    return create


class TestFailedStart:
    @pytest.mark.parametrize(
        ("error", "line"),
        [
            (ConfigurationError([Problem("APP_X", "x", "is bad")]), "APP_X: x: is bad\n"),
            (DatabaseError("no driver"), "no driver\n"),
        ],
        ids=["settings", "database"],
    )
    def test_error_is_a_line_and_the_code_of_a_failed_start(
        self, capsys: pytest.CaptureFixture[str], error: Exception, line: str
    ) -> None:
        """Uvicorn and gunicorn end with this code, and start the next worker after any other."""
        with pytest.raises(SystemExit) as end:
            build_asgi_app(refuse(error))
        assert (3, ("", line)) == (end.value.code, tuple(capsys.readouterr()))

    def test_private_database_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Each worker would have a separate, empty database."""
        container = Container()
        container.database.location().private = True
        with pytest.raises(SystemExit) as end:
            build_asgi_app(lambda: create_app(container))
        assert (3, True) == (end.value.code, "is private to each process" in capsys.readouterr().err)

    def test_fault_of_the_code_stays_a_traceback(self) -> None:
        """A bug keeps its traceback."""
        with pytest.raises(ZeroDivisionError):
            build_asgi_app(refuse(ZeroDivisionError()))
