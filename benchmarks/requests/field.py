"""The services that are measured, and the requests to each."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

USERS: Final = 10_000
# Name of the module in benchmarks/peers, and what the tables call it.
PEERS: Final = {
    "limit": "limit: Starlette + asyncpg, JSON by hand",
    "core": "SQLAlchemy Core alone, JSON by hand",
    "bare": "bare FastAPI, no service",
    "ours": "this service",
    "usual": "the usual pattern: Depends(get_async_db)",
    "dishka": "dishka",
    "wireup": "wireup",
    "that_depends": "that-depends",
    "dependency_injector": "dependency-injector as documented",
    "advanced_alchemy": "advanced-alchemy",
    "sync_chain": "sync providers in the chain",
    "ours_sync": "this service, plain def endpoints",
    "usual_sync": "the usual pattern, plain def endpoints",
}
USUAL: Final = "usual"
LIMIT: Final = "limit"
# They have their own drivers, or no database at all.
POSTGRESQL_ONLY: Final = ("limit",)
WITHOUT_DATABASE: Final = ("bare",)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str = ""
    body: bytes = b""


def _user(random: Random) -> Request:
    return Request("GET", f"/users/{random.randint(1, USERS)}")


def _users(_: Random) -> Request:
    return Request("GET", "/users/", "limit=100")


def _transfer(random: Random) -> Request:
    payer, payee = random.sample(range(1, USERS + 1), 2)
    body = f'{{"from_account":{payer},"to_account":{payee},"amount":"0.01"}}'
    return Request("POST", "/transfers/", body=body.encode())


def _nothing(_: Random) -> Request:
    return Request("GET", "/nothing")


@dataclass(frozen=True)
class Endpoint:
    """What is asked for.

    Attributes:
        title: For the tables.
        count: Requests in a round.
        make: Returns one request.
    """

    title: str
    count: int
    make: Callable[[Random], Request]


ENDPOINTS: Final = {
    "user": Endpoint("GET /users/{id}", 400, _user),
    "list": Endpoint("GET /users/?limit=100", 96, _users),
    "transfer": Endpoint("POST /transfers/", 120, _transfer),
    "nothing": Endpoint("GET /nothing", 800, _nothing),
}


def peer(name: str) -> str:
    """Return a peer's module."""
    return f"benchmarks.peers.{name}"


def has(peer: str, endpoint: str) -> bool:
    return endpoint == "nothing" or peer not in WITHOUT_DATABASE
