"""Reads the metrics that are a state: the pools and sessions of this process and of the other workers."""

from collections.abc import Iterator
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sessionscope.observe.inspection.asking import siblings
from sessionscope.observe.inspection.observing import process_state
from sessionscope.observe.inspection.states import PoolState

_LABELS: Final = ("engine", "database", "driver", "pid")
# The attributes of `PoolState` that are exported, and what they mean.
_GAUGES: Final = {
    "in_use": ("sessionscope_connections_in_use", "Connections in use."),
    "idle": ("sessionscope_connections_idle", "Connections that are open and not in use."),
    "overflow": ("sessionscope_connections_overflow", "Connections that are open beyond the size of the pool."),
    "waiters": ("sessionscope_connection_waiters", "Tasks and threads that wait for a connection."),
    "limit": ("sessionscope_connections_limit", "How many connections may be in use; missing if there is no limit."),
}


class PoolCollector(Collector):
    """Collects the state of all workers of this server, whichever of them is asked.

    Args:
        container: The container of this process.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def collect(self) -> Iterator[Metric]:
        """Yield a gauge for each attribute of the pools, and one for the sessions."""
        states = siblings(process_state(self._container))
        pools = [(str(state.pid), pool) for state in states for pool in state.pools]
        for attribute, (name, text) in _GAUGES.items():
            yield _gauge(attribute, name, text, pools)
        sessions = GaugeMetricFamily("sessionscope_sessions_open", "Sessions that are open.", labels=["pid"])
        for state in states:
            sessions.add_metric([str(state.pid)], len(state.sessions))
        yield sessions


def _gauge(attribute: str, name: str, text: str, pools: list[tuple[str, PoolState]]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=_LABELS)
    for pid, pool in pools:
        value: int | None = getattr(pool, attribute)
        if value is not None:
            gauge.add_metric([pool.name, pool.database, pool.driver, pid], value)
    return gauge
