"""The rules of checks whose causes a test can't bring about: another clock, another limit."""

import pytest

from sessionscope.database.backends.diagnosis import Capacity
from sessionscope.observe.doctor import capacity, clocks, process
from sessionscope.settings import DatabaseSettings


class TestClock:
    @pytest.mark.parametrize(
        ("theirs", "before", "after", "status"),
        [(100, 100, 100, "ok"), (101, 100, 100, "ok"), (102, 100, 100, "warning"), (98, 100, 100, "warning")],
    )
    def test_skew_of_more_than_a_second_is_a_warning(
        self, theirs: float, before: float, after: float, status: str
    ) -> None:
        """In both directions."""
        assert status == clocks.compared(theirs, before, after, "database").status

    def test_half_the_round_trip_is_allowed(self) -> None:
        """The server may have read its clock when the question came, or when the answer left."""
        assert "ok" == clocks.compared(100, 100, 104, "database").status
        assert "warning" == clocks.compared(98.9, 100, 104, "database").status

    def test_direction_is_said(self) -> None:
        """It tells which machine to look at."""
        assert "3.0 s ahead of ours" in clocks.compared(103, 100, 100, "database").what
        assert "3.0 s behind ours" in clocks.compared(97, 100, 100, "database").what


class TestCapacity:
    @pytest.mark.parametrize(("limit", "others", "status"), [(60, 0, "ok"), (59, 0, "failure"), (60, 1, "warning")])
    def test_pools_of_all_workers_count(self, limit: int, others: int, status: str) -> None:
        """Connections of other programs may end, so they are a warning."""
        settings = DatabaseSettings(pool_size=5, max_overflow=10)
        found = capacity.compared(settings, Capacity(limit, "max_connections", 1, others), 2, 2, "database")
        assert status == found.status
        assert "2 workers x 2 engines x (pool_size 5 + max_overflow 10) = 60 connections" in found.what

    def test_remedy_without_a_size_that_fits(self) -> None:
        """Fewer than one connection for each pool is not a size."""
        found = capacity.compared(DatabaseSettings(), Capacity(10, "max_connections", 1, 0), 1, 20, "database")
        assert "lower `server.workers`" in found.remedy


class TestFileDescriptors:
    @pytest.mark.parametrize(("limit", "status"), [(1024, "ok"), (256, "warning"), (90, "failure")])
    def test_clients_need_what_databases_leave(self, limit: int, status: str) -> None:
        """The remedy has a limit that is enough."""
        found = process.compared(limit, 30)
        assert (status, status == "ok") == (found.status, found.remedy == "")
