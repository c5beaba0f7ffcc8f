"""An endpoint that takes so many services, and does nothing with them."""

from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from typing import Any, Final

from benchmarks.peers.settings import NOTHING

COUNTS: Final = (1, 2, 5, 10, 20)


def path(count: int) -> str:
    return f"/services/{count}"


def taking(annotations: Iterable[Any]) -> Callable[..., Any]:
    """Return an endpoint with a parameter for each of *annotations*, as if they were written out."""

    async def endpoint(**services: object) -> dict[str, str]:  # noqa: ARG001
        return NOTHING

    parameters = [
        Parameter(f"service_{number}", Parameter.KEYWORD_ONLY, annotation=annotation)
        for number, annotation in enumerate(annotations)
    ]
    endpoint.__signature__ = Signature(parameters, return_annotation=dict[str, str])  # type: ignore[attr-defined]
    return endpoint
