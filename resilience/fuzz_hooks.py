"""Hooks for schemathesis, which drop what it reports as a fault although the service is right.

The module runs where only schemathesis is installed, so it imports nothing else but the standard library.
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import schemathesis

_KEY: Final = "Idempotency-Key"
_EXAMPLE: Final = "8e03978e-40d5-43e8-bc93-6894a57f9324"
_NO_POINT: Final = ("Input should be a valid integer", 'Amounts are exact: write a string such as "25.50"')
_SAME_ACCOUNT: Final = {"field": "body.to_account", "reason": "the money would go where it comes from"}

_numbers: Final = count(1)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ARG001 - the hook's signature
    """Give each request a key of its own in place of the document's example.

    schemathesis sends the example with hundreds of different bodies, and the service refuses all but the first.
    """
    if (case.headers or {}).get(_KEY) == _EXAMPLE:
        case.headers[_KEY] = f"{_EXAMPLE}-{next(_numbers)}"


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:  # noqa: ARG001 - as above
    """Return whether *failure* is a fault. schemathesis drops the others and counts them as filtered."""
    if failure.checks != ("positive_data_acceptance",) or response.status_code != 422:
        return True
    problem = json.loads(response.content)
    body = json.loads(response.request.body or "null")
    return not (
        _is_reused_key(problem)
        or _is_same_account(problem, body)
        or _is_whole_float(problem, body)
        or _is_unassigned_mark(problem, body, case.query)
    )


def _is_reused_key(problem: dict[str, Any]) -> bool:
    """Tell whether two different requests had the same key; the document allows each by itself."""
    return bool(problem["type"] == "/problems/key-reused")


def _is_same_account(problem: dict[str, Any], body: Any) -> bool:
    """Tell whether payer and payee are the same account, which JSON Schema can't compare."""
    return [_SAME_ACCOUNT] == problem["errors"] and bool(body["from_account"] == body["to_account"])


def _is_whole_float(problem: dict[str, Any], body: Any) -> bool:
    """Tell whether the only fault is an integer that was written with a point, as 1.0.

    JSON Schema calls 1.0 an integer and has no way to ask for 1, which is what the service takes (docs/http.md).
    """
    floats = set(_whole_floats(body))
    errors = problem["errors"]
    return bool(errors) and all(
        error["reason"] in _NO_POINT and error["field"].removeprefix("body.") in floats for error in errors
    )


def _is_unassigned_mark(problem: dict[str, Any], body: Any, query: Any) -> bool:
    r"""Tell whether the only fault is a username with a character that Unicode does not have.

    schemathesis takes all of U+20D0 to U+20FF for marks (``\p{M}``), but the last 15 are not assigned.
    """
    names = [str(fields.get("username", "")) for fields in (body, query) if isinstance(fields, dict)]
    fields = [error["field"].rpartition(".")[2] for error in problem["errors"]]
    return fields == ["username"] and any("\u20f1" <= character <= "\u20ff" for name in names for character in name)


def _whole_floats(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, float) and value.is_integer():
                yield name
