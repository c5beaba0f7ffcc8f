"""Requests and their statements are spans of one trace, and no span has a value in it."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from sessionscope import ScopeMiddleware, close_container
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep
from sessionscope.lifetimes.shared import Shared
from sessionscope.observe.traces import traced_statements, tracer_provider
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.serving import serving
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

SECRET = "ann-the-secret"
STATEMENT = text("SELECT :word")


async def search(session: AsyncSessionDep, word: str) -> None:
    """Send a statement with a value."""
    await session.execute(STATEMENT, {"word": word})


def search_in_thread(session: SessionDep, word: str) -> None:
    """Send a statement with a value from a thread."""
    session.execute(STATEMENT, {"word": word})


async def fail(session: AsyncSessionDep, word: str) -> None:
    """Send a statement whose failure names a value."""
    await session.execute(text(f"SELECT '{word}' FROM missing"), {})  # noqa: S608 - the mistake


@pytest.fixture(name="spans", params=[search, search_in_thread, fail], ids=["async", "sync", "failing"])
def _spans(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[tuple[ReadableSpan, ...], None, None]:
    """Give the spans of one request."""
    exporter = InMemorySpanExporter()
    provider = Shared[TracerProvider](tracer_provider, exporter)
    database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db")
    container: Any = ApplicationContainer(settings=Settings(database=database))
    app = FastAPI(telemetry={"tracer_provider": provider(), "logs": False})
    app.state.container = container
    app.add_middleware(ScopeMiddleware)
    app.get("/words/{word}")(request.param)
    with traced_statements(container, provider()), serving(app) as server:
        httpx2.get(f"{server.url}/words/{SECRET}", params={"again": SECRET})
    provider.close()
    yield exporter.get_finished_spans()
    asyncio.run(close_container(container))


def trace_of(span: ReadableSpan) -> int:
    """Return the id of the trace that the span belongs to."""
    context = span.get_span_context()
    assert context is not None
    return context.trace_id


class TestTraces:
    def test_a_statement_belongs_to_its_request(self, spans: tuple[ReadableSpan, ...]) -> None:
        """The span of the statement is in the trace of the request, whichever thread has sent it."""
        (request,) = [span for span in spans if span.name == "GET /words/{word}"]
        statements = [span for span in spans if "SELECT" in str((span.attributes or {}).get("db.statement"))]
        assert statements
        assert {trace_of(request)} == set(map(trace_of, statements))
        assert "/words/{word}" == (request.attributes or {})["http.route"]

    @pytest.mark.parametrize("spans", [search, search_in_thread], indirect=True, ids=["async", "sync"])
    def test_no_span_has_a_value(self, spans: tuple[ReadableSpan, ...]) -> None:
        """Neither the path nor the query string nor the values of the statement leave the process."""
        assert spans
        assert SECRET not in "".join(span.to_json() for span in spans)

    @pytest.mark.parametrize("spans", [fail], indirect=True, ids=["failing"])
    def test_no_message_of_a_driver_is_sent(self, spans: tuple[ReadableSpan, ...]) -> None:
        """A failure is marked as one, and its message, which may show rows, stays in the process."""
        failed = [span for span in spans if not span.status.is_ok and span.status.status_code.name == "ERROR"]
        assert failed
        assert "no such table" not in "".join(span.to_json() for span in spans)
