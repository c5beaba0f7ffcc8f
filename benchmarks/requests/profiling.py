"""Where the time of a request goes."""

import cProfile
import pstats
from typing import Final

from benchmarks.requests.field import ENDPOINTS, peer
from benchmarks.requests.serving import Serving

LINES: Final = 60


def profile(name: str, endpoint: str, *, url: str, sort: str, loop: str) -> None:
    """Print the functions that take the most time; the profiler itself favours long ones."""
    count = ENDPOINTS[endpoint].count
    with Serving(peer(name), url, loop=loop) as serving:
        serving.run(endpoint, count)
        cpu, wall = serving.run(endpoint, count)
        profiler = cProfile.Profile()
        profiler.enable()
        # One at a time, or a function's time would have that of others in it.
        serving.run(endpoint, count, 1)
        profiler.disable()
    print(f"{name}, {endpoint}: {cpu:.0f} us CPU, {wall:.0f} us wall; below, {count} requests in the profiler")
    pstats.Stats(profiler).sort_stats(sort).print_stats(LINES)
