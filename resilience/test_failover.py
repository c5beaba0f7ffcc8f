"""The failover under load; ``make failover`` runs it by itself and writes its figures to docs/resilience.md."""

from typing import Final

import pytest

from resilience.failover import DRIVERS, LIMIT_SECONDS, place, run_failover
from sessionscope.testing.servers.plugin import needs
from sessionscope.testing.servers.shared import Run

pytestmark = pytest.mark.resilience

PAUSE: Final = 0.4


@pytest.mark.parametrize("driver", DRIVERS)
def test_service_goes_on_with_the_promoted_server(driver: str, server_run: Run) -> None:
    """The service takes writes soon after the promotion, without a restart, and no acknowledged transfer is lost."""
    with needs("postgresql"), place(server_run, driver) as (pair, service):
        workers = service.workers()
        ran = run_failover(pair, service, driver, pause=PAUSE)
        assert workers == service.workers()
    assert [] == ran.faults
    assert len(ran.before()) > 0
    assert ran.seconds_to_first <= LIMIT_SECONDS
