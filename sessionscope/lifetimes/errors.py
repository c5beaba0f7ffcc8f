"""Errors of lifetimes and wiring. Each message says what happened, where, and what to do."""

from dataclasses import dataclass


class ScopeError(RuntimeError):
    """Raised when an object of a scope can't be made or released, for example because no scope is open."""


class NotInRequestError(ScopeError):
    """Raised when the current request is asked for, and the current scope is not a request's."""


class TeardownError(ExceptionGroup[Exception]):
    """Raised when an object could not be closed at the end of its lifetime; all others were closed."""

    def derive(self, excs: "list[Exception]") -> "TeardownError":  # type: ignore[override]
        """Keep the class when the group is split."""
        return TeardownError(self.message, excs)


class RequestFailedError(Exception):
    """Thrown into the generators of a scope if its request was answered with an error.

    An inner layer has turned the exception itself into a response. Without this error, code after a
    ``yield`` would take the failed request for a successful one, and might commit it.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the request was answered with {status}")


class LateOverrideError(RuntimeError):
    """Raised when a provider is overridden after another object was built from it."""

    def __init__(self, overridden: str, dependants: list[str]) -> None:
        self.overridden, self.dependants = overridden, dependants
        built = f"{', '.join(dependants)} {'was' if len(dependants) == 1 else 'were'}"
        super().__init__(
            f"{overridden} can't be overridden any more: {built} already built from it and would not change. "
            "Override before the first use, or close what was built first: `await close_container(container)`"
        )


class NotOpenError(RuntimeError):
    """Raised when an object that is opened asynchronously is used before `open_container` has opened it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is opened asynchronously, and it is not open: `await open_container(container)` first. "
            "An application does so in its lifespan, which a mounted application or a bare ASGI transport doesn't run"
        )


class InjectionError(RuntimeError):
    """Raised when an application has no container, or its container no such provider."""


@dataclass(frozen=True)
class Finding:
    """A fault in a container, and its remedy."""

    where: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.fault}. {self.remedy}"


class ContainerError(RuntimeError):
    """Raised by `check_container`, with one line per finding."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))
