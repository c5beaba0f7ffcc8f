"""Counts requests that fail while the service is restarted: ``python -m benchmarks.restarts``. Takes two minutes."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from benchmarks.command import run
from benchmarks.requests.databases import postgresql
from benchmarks.restarts.balancer import Balancer
from benchmarks.restarts.serving import Served

BEFORE_SECONDS: Final = 2
RELOAD_SECONDS: Final = 15
DRAIN_SECONDS: Final = 1


def reload(url: str, *, keeps: bool) -> Counter[str]:
    """Send SIGHUP to the parent of two workers."""
    service = Served(url, "--workers", "2")
    balancer = Balancer(service.port, keeps=keeps)
    with balancer.load():
        time.sleep(BEFORE_SECONDS)
        os.kill(service.process.pid, signal.SIGHUP)
        time.sleep(RELOAD_SECONDS)
    service.end()
    return balancer.seen


def restart(url: str, *, drains: bool = False, retries: bool = False) -> Counter[str]:
    """Restart two processes behind a load balancer, one after the other.

    Args:
        url: The database's.
        drains: Whether the balancer is told before a process ends.
        retries: Whether the balancer tries the other process after an error.
    """
    services = [Served(url), Served(url)]
    balancer = Balancer(*(service.port for service in services), retries=retries)
    with balancer.load():
        for old in services[:]:
            time.sleep(BEFORE_SECONDS)
            if drains:
                balancer.ports.remove(old.port)
                time.sleep(DRAIN_SECONDS)
            old.end()
            if not drains:
                balancer.ports.remove(old.port)
            services.remove(old)
            services.append(Served(url))
            balancer.ports.append(services[-1].port)
        time.sleep(BEFORE_SECONDS)
    for service in services:
        service.end()
    return balancer.seen


SCENARIOS: Final[dict[str, Callable[[str], Counter[str]]]] = {
    "two processes, SIGTERM while the load balancer still sends them new requests": restart,
    "two processes, each taken out of the load balancer a second before": lambda url: restart(url, drains=True),
    "two processes, and the load balancer tries the other one after an error": lambda url: restart(url, retries=True),
    "SIGHUP to the parent of two workers, clients that keep their connections": lambda url: reload(url, keeps=True),
    "SIGHUP to the parent of two workers, a new connection for each request": lambda url: reload(url, keeps=False),
}


def main() -> None:
    """Print the table in docs/deployment.md."""
    with postgresql() as url:
        print("| how | requests | failed | sent again |\n|---|---:|---:|---:|")
        for name, scenario in SCENARIOS.items():
            seen = scenario(url)
            print(f"| {name} | {seen['requests']:,} | {seen['failed']} | {seen['repeated']} |", flush=True)


if __name__ == "__main__":
    run(main)
