"""What grows, and how it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.growth.services.endpoint import COUNTS, path
from benchmarks.requests.client import CONCURRENCY
from benchmarks.requests.field import USERS, Request

# The longest part of a list that this service gives away, and its peers too.
LONGEST: Final = 500
PAGE: Final = 100

# Given the number of a request in its round.
Make = Callable[[Random, int], Request]


@dataclass(frozen=True)
class Point:
    """A place on a curve.

    Attributes:
        at: Where on the axis.
        count: Requests in a round.
        make: Returns one request.
        parts: So many requests, one after the other, are what is asked for: their cost is added up.
        concurrency: Requests at a time.
        users: Rows in the table of users.
    """

    at: int
    count: int
    make: Make
    parts: int = 1
    concurrency: int = CONCURRENCY
    users: int = USERS


@dataclass(frozen=True)
class Curve:
    """One thing that grows.

    Attributes:
        title: For the tables.
        axis: What grows.
        points: The smallest first.
        about: What is asked for, and what is added up.
        peers: Their names, in the order of the tables.
        package: Where their modules are.
        logarithmic: Axes that are, of x and y.
        each: What the slope is of, and its first and last place; None where there is none to speak of.
    """

    title: str
    axis: str
    points: tuple[Point, ...]
    about: str
    peers: tuple[str, ...] = ("limit", "usual", "ours")
    package: str = "benchmarks.peers"
    logarithmic: str = "x"
    each: tuple[str, int, int] | None = None


def _page(limit: int, parts: int = 1) -> Make:
    def make(_: Random, number: int) -> Request:
        return Request("GET", "/users/", f"limit={limit}&offset={number % parts * limit}")

    return make


def _user(random: Random, _: int) -> Request:
    return Request("GET", f"/users/{random.randint(1, USERS)}")


def _services(count: int) -> Make:
    return lambda _random, _number: Request("GET", path(count))


def _rows(count: int, requests: int) -> Point:
    parts = max(count // LONGEST, 1)
    return Point(count, requests, _page(min(count, LONGEST), parts), parts)


CURVES: Final = {
    "rows": Curve(
        "Rows of a response",
        "rows",
        # Of the longest the most rows: Python's garbage collector runs after so many objects, and must have its share.
        (_rows(1, 128), _rows(10, 128), _rows(100, 96), _rows(500, 40), _rows(1000, 40), _rows(10_000, 40)),
        f"GET /users/?limit=N of {USERS:,} users, and their total with it. No peer gives more than {LONGEST} rows "
        f"in one response, so 1,000 and 10,000 rows are requested in 2 and 20 parts by offset, and these are added up.",
        logarithmic="xy",
        each=("each row more, from 1 to 500", 1, LONGEST),
    ),
    "table": Curve(
        "Rows of the table",
        "rows in the table",
        tuple(Point(users, 96, _page(PAGE), users=users) for users in (1, 10, 100, 1000, USERS)),
        f"GET /users/?limit={PAGE}, and the total with it, while the table has so many users. Up to {PAGE} it is the "
        "response that grows; beyond that only the table does, whose rows the database server counts.",
    ),
    "concurrency": Curve(
        "Requests at a time",
        "requests at a time",
        tuple(
            Point(number, count, _user, concurrency=number)
            for number, count in ((1, 128), (4, 256), (16, 256), (64, 512), (256, 768))
        ),
        "GET /users/{id}. A pool keeps 20 connections: 64 and 256 requests wait for one, and where it is SQLAlchemy's, "
        "each round also opens and closes 10 more, some of them several times. "
        "Python's garbage collector goes through everything about once in a thousand requests, for about 0.1 s: "
        "only the rounds with 256 at a time are long enough for it. "
        "Wall time is that of the round over its number of requests, not how long one of them waits.",
    ),
    "services": Curve(
        "Injected services",
        "services",
        tuple(Point(count, 400, _services(count)) for count in COUNTS),
        "An endpoint that takes so many services and touches no database. Here each is a provider that makes a "
        "service on the request's transactions and reads; in the usual pattern each is a function for `Depends`, "
        "on the request's session; bare FastAPI has none.",
        peers=("bare", "usual", "ours"),
        package="benchmarks.growth.services",
        logarithmic="",
        each=("each service more", COUNTS[0], COUNTS[-1]),
    ),
}
# As a worker is asked for them.
POINTS: Final = {f"{name}/{point.at}": point for name, curve in CURVES.items() for point in curve.points}
