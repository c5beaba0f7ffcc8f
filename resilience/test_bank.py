"""The bank test for some seconds; ``make bank`` runs it for longer."""

from typing import Final

import pytest

from resilience.bank import run_bank
from resilience.orders import Verdict
from resilience.places import PLACES
from sessionscope.testing.servers.plugin import needs
from sessionscope.testing.servers.shared import Run

pytestmark = pytest.mark.resilience

SECONDS: Final = 10
# Leaves time on the machine for other tests.
PAUSE: Final = 0.4
NEEDED: Final = {
    "postgresql": "postgresql",
    "postgresql-serializable": "postgresql",
    "postgresql-cut": "network",
    "mariadb": "mysql",
    "galera-written": "galera",
}


# "galera-written" covers all that "galera" does.
@pytest.mark.parametrize("place", [place for place in PLACES if place != "galera"])
def test_no_money_is_lost_or_doubled(place: str, server_run: Run) -> None:
    """Acknowledged transfers are there once, refused ones are not, and the sum is exact at every read."""
    with needs(NEEDED.get(place, place)), PLACES[place](server_run) as bank:
        ran = run_bank(bank, SECONDS, pause=PAUSE)
    assert [] == ran.faults
    assert any(order.had(Verdict.DONE) for order in ran.orders)
    assert ran.sums.exact > 0
    # A run in which nothing broke would show nothing.
    assert all(ran.broken[name] > 0 for name in ("workers killed", *bank.often, *bank.once)), ran.broken
