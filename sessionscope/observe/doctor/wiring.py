"""Checks the container: whether each provider resolves, and none keeps an object longer than it lives."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sessionscope.database.backends.diagnosis import Status
from sessionscope.database.errors import DatabaseError
from sessionscope.errors import SetupError
from sessionscope.lifetimes.check import check_container
from sessionscope.lifetimes.errors import ContainerError
from sessionscope.lifetimes.names import named_providers
from sessionscope.observe.doctor.findings import Finding, described
from sessionscope.observe.doctor.subjects import ExaminedService

SUBJECT: Final = "container"


def build_application(build: Callable[[Any], Any], container: Any) -> tuple[Any, list[Finding]]:
    """Return the application for *container*, or None and why it could not be built."""
    try:
        return build(container), []
    except ContainerError:
        # `check_providers` finds the same.
        return None, []
    except Exception as error:  # noqa: BLE001 - of the service's own code
        what = str(error) if isinstance(error, SetupError | ImportError) else described(error)
        finding = Finding(
            "application",
            Status.FAILURE,
            SUBJECT,
            f"the application can't be built: {what}",
            "the service doesn't start",
            "run `serve`, which shows the whole error",
        )
        return None, [finding]


def check_providers(service: ExaminedService) -> Iterator[Finding]:
    """Yield what `check_container` finds."""
    why = "the service doesn't start"
    try:
        check_container(service.container, service.app)
    except ContainerError as error:
        for each in error.findings:
            what = f"{each.where}: {each.fault}"
            yield Finding("providers", Status.FAILURE, SUBJECT, what, why, each.remedy)
    except (SetupError, DatabaseError) as error:
        yield Finding("providers", Status.FAILURE, SUBJECT, str(error), why, "correct it, and run the command again")
    else:
        count = sum(1 for _ in named_providers(service.container))
        what = f"all {count} providers resolve, and none outlives what it takes"
        yield Finding("providers", Status.OK, SUBJECT, what)
