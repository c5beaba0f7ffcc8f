"""Traces by OpenTelemetry: FastAPI's own spans of requests, and a span per statement. No span has a value.

They need the extra ``sessionscope[traces]``.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.instrumentation.sqlalchemy import (  # pyright: ignore[reportMissingTypeStubs]
    SQLAlchemyInstrumentor,
)
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from sessionscope.lifetimes.nesting import databases_in

# A path has keys in it, a query string has what was searched for, and the messages of drivers have rows.
_WITH_VALUES: Final = frozenset({"url.path", "url.query", "url.full", "exception.message", "exception.stacktrace"})


def tracer_provider(exporter: SpanExporter | None = None) -> Generator[TracerProvider, None, None]:
    """Yield a provider for ``FastAPI(telemetry={"tracer_provider": ...})``, and send its last spans at the end.

    As a provider of a container: ``tracer_provider = Shared(tracer_provider)``.

    Args:
        exporter: Where the spans go. By default, to the collector that the environment variables of OpenTelemetry
            name, such as ``OTEL_EXPORTER_OTLP_ENDPOINT``.
    """
    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - slow

        exporter = OTLPSpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(WithoutValues(exporter)))
    try:
        yield provider
    finally:
        provider.shutdown()


@contextmanager
def traced_statements(container: Any, provider: TracerProvider) -> Generator[None, None, None]:
    """Give each statement on the databases of *container* a span of *provider*, until the block ends.

    OpenTelemetry traces the statements of one container per process.
    """
    databases = databases_in(container).values()
    engines = [engine for each in databases for engine in (each.engine(), each.async_engine().sync_engine)]
    instrumentor = SQLAlchemyInstrumentor()
    # It names SQLAlchemy 2.0 as the newest that it knows, and works with later ones: the tests hold that.
    instrumentor.instrument(engines=engines, tracer_provider=provider, skip_dep_check=True)
    try:
        yield
    finally:
        instrumentor.uninstrument()


class WithoutValues(SpanExporter):
    """Removes what may be a value from spans, before another *exporter* sends them.

    Args:
        exporter: Sends the spans.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans without values."""
        return self._exporter.export([_without_values(span) for span in spans])

    def shutdown(self) -> None:
        """Shut down the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what the exporter holds back."""
        return self._exporter.force_flush(timeout_millis)


def _without_values(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_harmless(span.attributes),
        events=[Event(event.name, _harmless(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        # The description of a failure is the driver's message.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _harmless(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if name not in _WITH_VALUES}
