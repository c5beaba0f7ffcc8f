"""The bank test for some seconds; ``make bank`` runs it for longer."""

from typing import Final

import pytest

from resilience.bank import run_bank
from resilience.orders import Verdict
from resilience.places import PLACES
from sessionscope.testing.servers.plugin import needs
from sessionscope.testing.servers.shared import Run

pytestmark = pytest.mark.proof

SECONDS: Final = 10
# The machine has other tests to run.
PAUSE: Final = 0.4
NEEDED: Final = {
    "postgresql": "postgresql",
    "postgresql-serializable": "postgresql",
    "mariadb": "mysql",
    "galera-written": "galera",
}


# A cluster of which a node dies that is written to shows all that one does of which another node dies.
@pytest.mark.parametrize("place", [place for place in PLACES if place != "galera"])
def test_no_money_is_lost_or_doubled(place: str, server_run: Run) -> None:
    """What was acknowledged is there once, what was refused is not, and the sum is exact at every read."""
    with needs(NEEDED.get(place, place)), PLACES[place](server_run) as bank:
        ran = run_bank(bank, SECONDS, pause=PAUSE)
    assert [] == ran.faults
    assert any(order.had(Verdict.DONE) for order in ran.orders)
    assert ran.sums.exact > 0
    # A proof with nothing broken would be none.
    assert all(ran.broken[name] > 0 for name in ("workers killed", *bank.often, *bank.once)), ran.broken
