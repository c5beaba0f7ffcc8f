"""Cuts of the network for some seconds; ``make network`` cuts it for longer, and writes docs/resilience.md."""

from random import Random
from typing import Final

import pytest

from resilience.client import HUNG_UP
from resilience.exchanges import Exchange
from resilience.grounds import GROUNDS
from resilience.network import READY, Cut, run_network
from resilience.orders import Answer, Order, Orders, Verdict
from resilience.sums import Sums
from sessionscope.testing.servers.plugin import needs
from sessionscope.testing.servers.shared import Run

SECONDS: Final = 10
# In these, the service can't answer new requests during the cut.
FULL: Final = ("asyncpg", "asyncmy", "one-way", "commit")


@pytest.mark.resilience
@pytest.mark.parametrize("name", FULL)
def test_no_money_is_lost_or_doubled_by_a_silent_network(name: str, server_run: Run) -> None:
    """Each transfer is done once, not done, or said to be unknown; and the service recovers by itself."""
    with needs("network"), GROUNDS[name](server_run) as ground:
        ran = run_network(ground, seconds=SECONDS)
    assert [] == ran.faults
    # A cut that disturbed nobody would show nothing.
    assert ran.in_flight
    assert max(each.seconds for each in ran.new) > 1
    assert ran.seconds_to_first_good < SECONDS


def exchange(begun: float, ended: float, outcome: str = "200", path: str = "/users/1") -> Exchange:
    """Return a request that was sent and answered at these times."""
    return Exchange(path, begun, ended, outcome)


@pytest.fixture
def cut() -> Cut:
    """Return a run that was cut from second 10 to second 40."""
    return Cut("", "", 10, 40, [exchange(1, 2)], Orders(Random(1)), Sums(), [])  # noqa: S311 - guards nothing


class TestFiguresOfACut:
    def test_requests_in_flight_are_those_that_the_cut_met(self, cut: Cut) -> None:
        """They were sent before the cut or just after it; a client that hung up doesn't count."""
        cut.exchanges += [exchange(9, 25, "503"), exchange(9.5, 11), exchange(9.9, 60, "CancelledError")]
        cut.exchanges += [exchange(10.1, 20), exchange(9.8, 9.9)]
        assert 3 == len(cut.in_flight)
        assert 15 == cut.seconds_to_last_in_flight

    def test_new_requests_are_those_of_the_cut(self, cut: Cut) -> None:
        """They were sent between the cut and its end, whenever they were answered."""
        cut.exchanges += [exchange(10.5, 15.5, "503"), exchange(20, 21, "503"), exchange(39, 42), exchange(40, 99)]
        assert (3, 5) == cut.seconds_of_new

    def test_readiness_probes_are_counted_apart(self, cut: Cut) -> None:
        """A probe that is answered at once must not hide slow requests."""
        cut.exchanges += [exchange(20, 22, "503", READY), exchange(20, 30, "503")]
        assert 1 == len(cut.probes)
        assert (10, 10) == cut.seconds_of_new
        assert {"200": 1, "503": 1} == cut.outcomes

    def test_recovery_begins_with_a_good_response(self, cut: Cut) -> None:
        """It ends with the last response that says that the service can't serve."""
        cut.exchanges += [exchange(39, 41, "503"), exchange(40.5, 42, "201"), exchange(41, 44, "503")]
        assert 2 == cut.seconds_to_first_good
        assert 4 == cut.seconds_to_last_bad

    def test_run_that_never_recovers_is_seen(self, cut: Cut) -> None:
        """Without a good response after healing, the time to the first one is infinite."""
        assert float("inf") == cut.seconds_to_first_good

    def test_late_responses_break_a_promise(self, cut: Cut) -> None:
        """Requests in flight, new requests and the first good response have a limit each."""
        cut.exchanges += [exchange(9, 25, "503"), exchange(20, 26, "503"), exchange(39, 41.5)]
        assert [] == cut.broken_promises()
        cut.exchanges = [exchange(9, 27, "503"), exchange(20, 27, "503"), exchange(39.5, 43)]
        assert [
            "late: the last request in flight was answered after 17.0 s, not 16 s",
            "late: a new request was answered after 7.0 s, not 6 s",
            "late: the first good response came after 3.0 s, not 2 s",
        ] == cut.broken_promises()

    @pytest.mark.parametrize("outcome", ["500", "504", "ReadError"])
    def test_unexpected_response_breaks_a_promise(self, cut: Cut, outcome: str) -> None:
        """While the server is silent, a request gets its answer or a 503."""
        cut.exchanges += [exchange(20, 21, outcome), exchange(39, 41)]
        assert [f"response: 1 {outcome}"] == cut.broken_promises()

    def test_first_answers_are_those_to_transfers_of_the_cut(self) -> None:
        """A refusal is definite too. Transfers that began before or after the cut, or were abandoned, don't count."""
        orders = Orders(Random(1))  # noqa: S311 - guards nothing
        cut = Cut("", "", 10, 40, [], orders, Sums(), [])
        for begun, verdict in ((5, Verdict.UNKNOWN), (15, Verdict.REFUSED), (16, Verdict.NOT_DONE), (50, Verdict.DONE)):
            order: Order = orders.new()
            order.begun = begun
            order.answers = [Answer(Verdict.UNKNOWN, HUNG_UP, None, 0, begun), Answer(verdict, "", None, 0, begun)]
        assert {"acknowledged": 1, "surely not done": 1} == cut.first_answers()
