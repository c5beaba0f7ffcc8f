"""Everybody must give the same replies before anybody is measured."""

import json
from collections.abc import Iterable
from typing import Any

from benchmarks.requests.field import Request, has
from benchmarks.requests.workers import Worker

REQUESTS = {
    "user": Request("GET", "/users/17"),
    "list": Request("GET", "/users/", "limit=100"),
    "transfer": Request("POST", "/transfers/", body=b'{"from_account":3,"to_account":2,"amount":"0.01"}'),
    "nothing": Request("GET", "/nothing"),
}
# Each transfer is another one.
OWN = ("id", "created_at")


def check(workers: dict[str, Worker], endpoints: Iterable[str]) -> None:
    """Compare the replies of all workers.

    Raises:
        RuntimeError: Two differ.
    """
    for endpoint in endpoints:
        compare(endpoint, REQUESTS[endpoint], [worker for name, worker in workers.items() if has(name, endpoint)])


def compare(what: str, request: Request, workers: Iterable[Worker]) -> None:
    """Compare the replies to *request*; errors as `check`, which say *what* was asked for."""
    replies = [(worker.name, _reply(worker, request)) for worker in workers]
    for name, reply in replies:
        first, expected = replies[0]
        if reply != expected:
            raise RuntimeError(f"{what}: {name} and {first} differ:\n{reply}\n{expected}")


def _reply(worker: Worker, request: Request) -> Any:
    reply = json.loads(worker.ask("reply", **(vars(request) | {"body": request.body.decode()})))
    if request.method == "POST":
        reply |= {name: type(reply[name]).__name__ for name in OWN}
    return reply
