"""One application in this process, as in benchmarks.requests, asked for points of curves."""

from benchmarks.growth.curves import POINTS
from benchmarks.requests.field import Request
from benchmarks.requests.serving import Serving


class GrowthServing(Serving):
    """An application that has started."""

    def requests(self, endpoint: str, count: int) -> list[Request]:
        make = POINTS[endpoint].make
        return [make(self._random, number) for number in range(count)]
