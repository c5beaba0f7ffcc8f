"""Checks that all peers give the same responses, before any of them is measured."""

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
    """Compare the responses of all workers.

    Raises:
        RuntimeError: Two differ.
    """
    for endpoint in endpoints:
        compare(endpoint, REQUESTS[endpoint], [worker for name, worker in workers.items() if has(name, endpoint)])


def compare(what: str, request: Request, workers: Iterable[Worker]) -> None:
    """Compare the responses to *request*. Raises the errors of `check`, which say *what* was requested."""
    responses = [(worker.name, _response(worker, request)) for worker in workers]
    for name, response in responses:
        first, expected = responses[0]
        if response != expected:
            raise RuntimeError(f"{what}: {name} and {first} differ:\n{response}\n{expected}")


def _response(worker: Worker, request: Request) -> Any:
    response = json.loads(worker.ask("response", **(vars(request) | {"body": request.body.decode()})))
    if request.method == "POST":
        response |= {name: type(response[name]).__name__ for name in OWN}
    return response
