"""Finding the faults of a container before its first request does."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from dependency_injector import containers, providers

from sessionscope.errors import SetupError
from sessionscope.lifetimes.errors import ContainerError, Finding, NotInRequestError, NotOpenError
from sessionscope.lifetimes.kinds import class_made_by, is_closable, is_generator, opens_asynchronously
from sessionscope.lifetimes.loops import finish
from sessionscope.lifetimes.names import give_names, name_of, named_providers
from sessionscope.lifetimes.scopes import Scope, ScopedResource
from sessionscope.lifetimes.shared import Shared

# Looks at a container, and at the application that it is for, if any.
Check = Callable[[containers.Container, Any], Iterable[Finding]]

# Providers whose object outlives a scope.
_PROCESS_WIDE: Final = (providers.BaseSingleton, providers.Resource, providers.ContextLocalResource)
# By module and name, so that a module that is loaded again replaces its checks.
_checks: dict[tuple[str, str], Check] = {}


def register_check(check: Check) -> None:
    """Let `check_container` run *check* too."""
    _checks[check.__module__, check.__qualname__] = check


def check_container(container: containers.Container, app: Any = None) -> None:
    """Look for what would go wrong later; opens nothing and connects to nothing.

    Settings are read here and kept: what was checked is what is used.

    Args:
        container: An instance of a declarative container.
        app: The application that the container is for, whose endpoints are looked at too.

    Raises:
        ContainerError: Something was found; its findings say where, what, and the remedy.
        SetupError: A recipe can't work with what it was given, as settings that are not good.
    """
    give_names(container)
    findings = [finding for check in (_captives, *_checks.values()) for finding in check(container, app)]
    known = {finding.where for finding in findings}
    findings += [finding for finding in _unfit(container) if finding.where not in known]
    # Resolving builds objects: not before it is known that they end up where they belong.
    findings = findings or list(_unresolvable(container))
    if findings:
        raise ContainerError(findings)


def is_process_wide(provider: providers.Provider[Any]) -> bool:
    """Tell whether the object of *provider* outlives a scope."""
    return isinstance(provider, _PROCESS_WIDE) and not isinstance(provider, ScopedResource)


def _captives(container: containers.Container, _: Any) -> Iterator[Finding]:
    """Find process-wide providers that take a scoped one: they would keep one request's object for ever."""
    for name, provider in named_providers(container):
        if not is_process_wide(provider):
            continue
        for dependency in _taken_by(provider):
            if isinstance(dependency, ScopedResource):
                yield Finding(
                    name,
                    f"lives as long as the process, but takes {name_of(dependency)}, which lives as long as a scope",
                    "Make it a Factory or a ScopedResource, or give it the provider (`.provider`) to call in a scope",
                )


def _taken_by(provider: Any) -> set[Any]:
    """Return every provider whose object goes into *provider*'s, except through one that lives as long as a scope.

    A delegate hands on the provider, not its object.
    """
    found: set[Any] = set()
    waiting = [provider]
    while waiting:
        for related in waiting.pop().related:
            if related not in found and not isinstance(related, providers.Delegate):
                found.add(related)
                if not isinstance(related, ScopedResource):
                    waiting.append(related)
    return found


def _unfit(container: containers.Container) -> Iterator[Finding]:
    """Find process-wide providers that are unfit for what they make."""
    for name, provider in named_providers(container):
        if not is_process_wide(provider):
            continue
        kind = type(provider).__name__
        if isinstance(provider, Shared):
            continue
        elif _gives_future(provider):
            yield Finding(
                name,
                f"is opened asynchronously by a {kind}, so it and everything that takes it are Futures to be awaited",
                "Use Shared, which `open_container` opens in the application's lifespan",
            )
        elif _is_left_open(provider):
            yield Finding(
                name,
                f"has a method to close it, which nobody calls for a {kind}",
                "Use Shared, whose object is closed with the container",
            )


def _gives_future(provider: Any) -> bool:
    if opens_asynchronously(provider):
        return True
    made = class_made_by(provider)
    # The library enters whatever can be entered.
    return (
        isinstance(provider, providers.BaseResource) and hasattr(made, "__aenter__") and not hasattr(made, "__enter__")
    )


def _is_left_open(provider: Any) -> bool:
    made = class_made_by(provider)
    if made is None or is_generator(provider) or not is_closable(made):
        return False
    return not (isinstance(provider, providers.BaseResource) and hasattr(made, "__enter__"))


def _unresolvable(container: containers.Container) -> Iterator[Finding]:
    before = _built(container)
    with Scope():
        for name, provider in named_providers(container):
            if _opens_something(provider) or any(map(_opens_something, provider.traverse())):
                continue
            try:
                provider()
            except SetupError:
                raise  # says all there is to say, once
            except (NotOpenError, NotInRequestError):
                continue  # there is one later: the lifespan opens it, or the request is there
            except Exception as error:  # noqa: BLE001 - whatever a recipe raises is what is looked for
                yield Finding(name, f"can't be resolved: {error}", "Check its recipe and the providers that it takes")
    # What was built only for this check must not make a later override too late. What was built from nothing
    # that can be overridden stays: settings that were checked are the ones to use.
    overridable = {provider for _, provider in named_providers(container)}
    for provider in _built(container) - before:
        if overridable & (set(provider.traverse()) - {provider}):
            finish(provider.close())


def _opens_something(provider: Any) -> bool:
    """Tell whether calling *provider* does more than build an object: a resource, a generator, a coroutine."""
    if isinstance(provider, providers.BaseResource) and not isinstance(provider, ScopedResource):
        return True
    return is_generator(provider) or opens_asynchronously(provider) is True


def _built(container: containers.Container) -> set[Shared[Any]]:
    return {provider for provider in container.traverse(types=[Shared]) if provider.built is not None}
