"""The services that are measured over HTTP, and the numbers of clients."""

from typing import Final

OURS: Final = "ours"
FLOORS: Final = ("limit", "core")
# Names of modules in benchmarks/peers.
PEERS: Final = (
    *FLOORS,
    OURS,
    "usual",
    "dishka",
    "wireup",
    "that_depends",
    "dependency_injector",
    "advanced_alchemy",
)
CONCURRENCIES: Final = (1, 4, 16, 64, 256)
WORKERS: Final = (1, 2)


def title(workers: int) -> str:
    return f"{workers} worker{'s'[: workers > 1]} each"
