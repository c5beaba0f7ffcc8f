"""Compares a fake with the class whose place it takes: its public methods, their parameters, and what is awaited."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from inspect import (
    Parameter,
    Signature,
    getattr_static,
    iscoroutinefunction,
    isdatadescriptor,
    isroutine,
    signature,
)
from types import FunctionType, MethodType
from typing import Any, Final, get_args, get_origin, get_type_hints
from unittest.mock import NonCallableMock

from dependency_injector import providers

from sessionscope.lifetimes.kinds import (
    CLOSERS,
    class_made_by,
    is_async_manager,
    is_generator,
    made_by,
    opens_asynchronously,
)

_MISSING: Final = object()
# They tell nothing of the object.
_UNKNOWN: Final[set[Any]] = {Any, object, Awaitable, Coroutine, Future}
_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class UnfitFakeError(TypeError):
    """Raised when a fake doesn't fit the class whose place it takes.

    Attributes:
        findings: What is wrong, a line for each method.
    """

    def __init__(self, name: str, fake: type[Any], replaced: type[Any], findings: list[str]) -> None:
        self.findings = findings
        lines = "".join(f"\n- {finding}" for finding in findings)
        super().__init__(f"{fake.__name__} can't replace {name}, which makes {replaced.__name__}:{lines}")


def check_fake(name: str, provider: Any, replacement: Any, *, partial: bool) -> None:
    """Check that *replacement* fits the class that *provider* makes, if that class is known.

    Mocks, which have a specification of their own, and values of built-in types, such as None, are not checked.

    Args:
        name: The dotted name of the provider.
        provider: The provider that is overridden.
        replacement: The fake, or a provider of it.
        partial: Whether the fake may lack methods.

    Raises:
        UnfitFakeError: A method is missing, or can't be called in the same way.
    """
    fake = _class_of(replacement) if providers.is_provider(replacement) else replacement
    replaced = _class_of(provider)
    kind = fake if isinstance(fake, type) else type(fake)
    if replaced is None or fake is None or kind.__module__ == "builtins" or issubclass(kind, NonCallableMock):
        return
    findings = list(_differences(replaced, fake, partial=partial))
    if findings:
        raise UnfitFakeError(name, kind, replaced, findings)


def _class_of(provider: Any) -> type[Any] | None:
    """Return the class of the object that *provider* gives, or None if it isn't known."""
    if is_generator(provider):
        yielded: Any = next(iter(get_args(made_by(provider))), None)
        yielded = get_origin(yielded) or yielded
        return yielded if isinstance(yielded, type) and yielded not in _UNKNOWN else None
    made = class_made_by(provider)
    # What entering an object gives may be of another class.
    is_entered = made is not None and is_async_manager(made) and opens_asynchronously(provider)
    return None if is_entered or made in _UNKNOWN else made


def _differences(replaced: type[Any], fake: Any, *, partial: bool) -> Iterator[str]:
    lacking: list[str] = []
    for name in _public_names(replaced):
        found = getattr_static(fake, name, _MISSING)
        if found is _MISSING:
            # An object may make up its attributes, and need not be closed.
            if not hasattr(fake, "__getattr__") and name not in CLOSERS:
                lacking.append(name)
        elif callable(getattr(replaced, name)):
            yield from _unlike(name, _bound(replaced, name), _bound(fake, name))
    if lacking and not partial:
        yield f"it lacks {', '.join(lacking)}: add what is missing, or pass `partial=True` if the test doesn't use it"


def _bound(owner: Any, name: str) -> Any:
    """Return the method *name* of a class or an object without its parameter ``self``."""
    method = getattr(owner, name)
    is_plain = isinstance(owner, type) and isinstance(getattr_static(owner, name), FunctionType)
    return MethodType(method, owner) if is_plain else method


def _public_names(replaced: type[Any]) -> list[str]:
    """Return the names of the public methods and properties, in alphabetical order."""
    ours = (each for each in replaced.__mro__ if each is not object)
    names = {name for each in ours for name, value in vars(each).items() if _is_public(name, value)}
    return sorted(names)


def _is_public(name: str, value: Any) -> bool:
    is_member = isroutine(value) or isinstance(value, classmethod | staticmethod) or isdatadescriptor(value)
    return is_member and not name.startswith("_")


def _unlike(name: str, method: Callable[..., Any], fake: Any) -> Iterator[str]:
    """Yield what tells a fake's method from the replaced one, both without ``self``."""
    if isinstance(fake, NonCallableMock):
        return
    if not callable(fake):
        yield f"{name} has to be a method"
        return
    if _is_awaited(method) != _is_awaited(fake):
        yield f"{name} has to be {'async' if _is_awaited(method) else 'a plain function'}"
    theirs, ours = _signature_of(method), _signature_of(fake)
    if theirs is not None and ours is not None and (reason := _refusal(ours, theirs)):
        yield f"{name}{_shown(ours)} can't be called as {name}{_shown(theirs)}: {reason}"


def _is_awaited(function: Callable[..., Any]) -> bool:
    if iscoroutinefunction(function):
        return True
    try:
        returned: Any = get_type_hints(function).get("return")
    except (TypeError, NameError, AttributeError):
        return False
    return (get_origin(returned) or returned) in {Awaitable, Coroutine, Future}


def _signature_of(function: Callable[..., Any]) -> Signature | None:
    try:
        return signature(function)
    except (TypeError, ValueError):
        return None  # a function in C may have none


def _refusal(fake: Signature, replaced: Signature) -> str | None:
    """Return why *fake* refuses a call that *replaced* takes, or None if it takes all of them."""
    for positional, named in _calls(replaced, names_count=not _ignores_names(fake)):
        try:
            fake.bind(*positional, **named)
        except TypeError as error:
            return str(error)
    return None


def _calls(replaced: Signature, *, names_count: bool) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield the ways to call a function: with all arguments, by position and by name, and with the required ones."""
    parameters = list(replaced.parameters.values())
    plain = [each for each in parameters if each.kind in _POSITIONAL]
    named = [each for each in parameters if each.kind is Parameter.KEYWORD_ONLY]
    rest = [each for each in parameters if each.kind is Parameter.VAR_POSITIONAL]
    further = [each for each in parameters if each.kind is Parameter.VAR_KEYWORD]
    yield [each.name for each in plain + rest], {each.name: "" for each in named + further}
    yield [each.name for each in plain if _is_required(each)], {each.name: "" for each in named if _is_required(each)}
    if names_count:
        unnamed = [each.name for each in plain if each.kind is Parameter.POSITIONAL_ONLY]
        yield unnamed, {each.name: "" for each in plain[len(unnamed) :] + named + further}


def _is_required(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty


def _ignores_names(fake: Signature) -> bool:
    """Tell whether a parameter is named ``_`` or the like, because the fake doesn't use it."""
    return any(each.name.startswith("_") for each in fake.parameters.values() if each.kind in _POSITIONAL)


def _shown(those: Signature) -> str:
    """Return the parameters without their annotations."""
    parameters = [each.replace(annotation=Parameter.empty) for each in those.parameters.values()]
    return str(those.replace(parameters=parameters, return_annotation=Signature.empty))
